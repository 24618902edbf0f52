// Normalization over the batch: values (rows, width) with a feature for each column. Sums are taken in float32 over
// blocks of rows and in float64 over the blocks.

enum { BLOCK = 64 };

// total += the sums of x, or with `centre` those of (x - centre)**2.
static void column_sums(const float *x, const float *centre, double *total, long rows, long width) {
  for (long first = 0; first < rows; first += BLOCK)
    each_vector(width, [&](long i, long n) {
      V s = {}, c = centre ? load_some(centre + i, n) : V{};
      for (long r = first; r < least(rows, first + BLOCK); r++) {
        V v = load_some(x + r * width + i, n);
        s += centre ? (v - c) * (v - c) : v;
      }
      for (long j = 0; j < n; j++) total[i + j] += s[j];
    });
}

// y = (x - centre) * factor + shift; y may be x.
static void affine(const float *x, const float *centre, const float *factor, const float *shift, float *y, long rows,
                   long width) {
  for (long r = 0; r < rows; r++, x += width, y += width) {
    INDEPENDENT
    for (long i = 0; i < width; i++) y[i] = (x[i] - centre[i]) * factor[i] + shift[i];
  }
}

// y = g + (x - centre) * factor + shift; y may be g. The difference comes first: its terms may nearly cancel.
static void add_affine(const float *g, const float *x, const float *centre, const float *factor, const float *shift,
                       float *y, long rows, long width) {
  for (long r = 0; r < rows; r++, g += width, x += width, y += width) {
    INDEPENDENT
    for (long i = 0; i < width; i++) y[i] = g[i] + ((x[i] - centre[i]) * factor[i] + shift[i]);
  }
}

// total += sums of g, product += sums of g * (x - centre); dx (or null) = g * factor. dx may be g.
static void gradient_sums(const float *g, const float *x, const float *centre, const float *factor, float *dx,
                          double *total, double *product, long rows, long width) {
  for (long first = 0; first < rows; first += BLOCK)
    each_vector(width, [&](long i, long n) {
      V s = {}, p = {}, c = load_some(centre + i, n), f = load_some(factor + i, n);
      for (long r = first; r < least(rows, first + BLOCK); r++) {
        long at = r * width + i;
        V v = load_some(g + at, n);
        s += v;
        p += v * (load_some(x + at, n) - c);
        if (dx) store_some(dx + at, v * f, n);
      }
      for (long j = 0; j < n; j++) {
        total[i + j] += s[j];
        product[i + j] += p[j];
      }
    });
}
