// Functions of single rows: softmax, crossentropies of labels, normalization of every row by itself.

// y = exp(x - largest), and their sum.
INLINE float exponentials(const float *x, float *y, long width) {
  V most_of = splat(-__builtin_inff());
  float top = -__builtin_inff(), total = 0;
  long i = 0;
  for (; i + LANES <= width; i += LANES) most_of = maximum(load(x + i), most_of);
  if (i) top = largest(most_of);
  for (; i < width; i++) top = x[i] > top ? x[i] : top;
  each_vector(width, [&](long k, long n) {
    V e = exponential(load_some(x + k, n) - top);
    store_some(y + k, e, n);
    if (n == LANES)
      total += sum(e);
    else
      for (long j = 0; j < n; j++) total += e[j];
  });
  return total;
}

static void scale_row(float *y, float factor, long width) {
  INDEPENDENT
  for (long i = 0; i < width; i++) y[i] *= factor;
}

INLINE float total_of(const float *x, long width) {
  V s = {};
  each_vector(width, [&](long i, long n) { s += load_some(x + i, n); });
  return sum(s);
}

static void softmax(const float *x, float *y, long rows, long width) {
  for (long r = 0; r < rows; r++, x += width, y += width) scale_row(y, 1 / exponentials(x, y, width), width);
}

static void softmax_gradient(const float *dy, const float *y, float *dx, long rows, long width) {
  for (long r = 0; r < rows; r++, dy += width, y += width, dx += width) {
    V s = {};
    each_vector(width, [&](long i, long n) { s += load_some(dy + i, n) * load_some(y + i, n); });
    float inner = sum(s);
    INDEPENDENT
    for (long i = 0; i < width; i++) dx[i] = (dy[i] - inner) * y[i];
  }
}

// index: where each row's label lies in the whole array.
static void sparse_logits(const float *x, const long *index, float *y, float *p, long rows, long width) {
  for (long r = 0; r < rows; r++) {
    const float *from = x + r * width;
    float *to = p + r * width, label = x[index[r]], top = from[0];
    for (long i = 1; i < width; i++) top = from[i] > top ? from[i] : top;
    float total = exponentials(from, to, width);
    scale_row(to, 1 / total, width);
    y[r] = __builtin_logf(total) + (top - label);
  }
}

static const float EPSILON = 1e-7f, HIGHEST = 1 - 1e-7f;

INLINE float clipped(float q) { return q < EPSILON ? EPSILON : q > HIGHEST ? HIGHEST : q; }

static void sparse_probabilities(const float *x, const long *index, float *y, float *scale, float *q, long rows,
                                 long width) {
  for (long r = 0; r < rows; r++) {
    scale[r] = total_of(x + r * width, width);
    q[r] = x[index[r]] / scale[r];
    y[r] = -__builtin_logf(clipped(q[r]));
  }
}

static void sparse_probabilities_gradient(const float *dy, const long *index, const float *scale, const float *q,
                                          float *dx, long rows, long width) {
  for (long r = 0; r < rows; r++) {
    float c = clipped(q[r]), slope_of = c == q[r] ? dy[r] / (c * scale[r]) : 0, value = q[r] * slope_of;
    for (long i = 0; i < width; i++) dx[r * width + i] = value;
    dx[index[r]] -= slope_of;
  }
}

static void normalize_rows(const float *x, const float *gamma, const float *beta, float *y, float *mean, float *scale,
                           int center, float epsilon, long rows, long width) {
  float share = 1.0f / (float)most(1, width);
  for (long r = 0; r < rows; r++, x += width, y += width) {
    float m = center ? total_of(x, width) * share : 0;
    V squares = {};
    each_vector(width, [&](long i, long n) {
      V d = load_some(x + i, n) - m;
      if (n < LANES)
        for (long j = n; j < LANES; j++) d[j] = 0;
      squares += d * d;
    });
    float s = 1 / __builtin_sqrtf(sum(squares) * share + epsilon);
    INDEPENDENT
    for (long i = 0; i < width; i++) y[i] = (x[i] - m) * s * gamma[i] + beta[i];
    mean[r] = m;
    scale[r] = s;
  }
}

static void normalize_rows_gradient(const float *dy, const float *x, const float *gamma, const float *mean,
                                    const float *scale, float *dx, double *dgamma, double *dbeta, int center, long rows,
                                    long width) {
  float share = 1.0f / (float)most(1, width);
  for (long r = 0; r < rows; r++, x += width, dy += width) {
    float m = mean[r], s = scale[r];
    INDEPENDENT
    for (long i = 0; i < width; i++) {
      dgamma[i] += dy[i] * ((x[i] - m) * s);
      dbeta[i] += dy[i];
    }
    if (!dx) continue;
    V inner = {}, total = {};
    each_vector(width, [&](long i, long n) {
      V g = load_some(dy + i, n) * load_some(gamma + i, n);
      total += g;
      inner += g * (load_some(x + i, n) - m) * s;
    });
    float a = sum(inner) * share, b = center ? sum(total) * share : 0;
    float *to = dx + r * width;
    INDEPENDENT
    for (long i = 0; i < width; i++) to[i] = (dy[i] * gamma[i] - (x[i] - m) * s * a - b) * s;
  }
}
