// Gradients of a convolution. The gradient of an image's outputs is made once, `g`, inside of a border of zeros; `dw`
// is its product with the image; `dx` is a convolution of it with the kernel turned around, for strides one for each
// phase, which meets every s-th place alone.

INLINE long floor_divide(long a, long b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

// Where the outputs' gradient lies inside of its border.
struct Border {
  long top, left, height, width;
};

static Border border_of(const Convolution &s, bool wanted) {
  if (!wanted) return {0, 0, s.oh, s.ow};
  long top = most(0, -floor_divide(s.top - (s.kh - 1) * s.dh, s.sh));
  long left = most(0, -floor_divide(s.left - (s.kw - 1) * s.dw, s.sw));
  long bottom = most(0, (s.top + s.h - 1) / s.sh - (s.oh - 1)), right = most(0, (s.left + s.w - 1) / s.sw - (s.ow - 1));
  return {top, left, top + s.oh + bottom, left + s.ow + right};
}

// The gradient of one image's outputs, filters padded to `wide`. Outputs in no cell and the border hold zeros already.
template <int A>
static void spread(const Convolution &s, const Border &m, const float *dy, const float *y, const uint8_t *winner,
                   float *g, long wide) {
  for (long i = 0; i < cell_rows(s); i++)
    for (long j = 0; j < cell_columns(s); j++, dy += s.f, y += s.f, winner += s.f) {
      float *to = g + ((m.top + i * s.ph) * m.width + m.left + j * s.pw) * wide;
      each_vector(s.f, [&](long k, long n) {
        V v = load_some(dy + k, n);
        if (A != LINEAR) v = sloped<A>(v, load_some(y + k, n));
        if (s.ph * s.pw == 1) {
          store(to + k, v);
          return;
        }
        VB bytes = {};
        __builtin_memcpy(&bytes, winner + k, n);
        VI won = __builtin_convertvector(bytes, VI);
        for (long a = 0; a < s.ph; a++)
          for (long b = 0; b < s.pw; b++)
            store(to + (a * m.width + b) * wide + k, won == (int32_t)(a * s.pw + b) ? v : V{});
      });
    }
}

// The kernel's taps along one axis that meet inputs of a phase: kernel places k with (phase - k * d) divisible by s.
INLINE bool meets(long phase, long k, long d, long s) { return floor_divide(phase - k * d, s) * s == phase - k * d; }

// The weights of each phase, one after the other: (taps of the phase, filters, channels in whole vectors).
static void pack_turned(const Convolution &s, const float *w, float *turned) {
  long channels = whole(s.c);
  for (long p = 0; p < s.sh; p++)
    for (long q = 0; q < s.sw; q++)
      for (long a = 0; a < s.kh; a++)
        for (long b = 0; b < s.kw; b++) {
          if (!meets(p, a, s.dh, s.sh) || !meets(q, b, s.dw, s.sw)) continue;
          zero(turned, s.f * channels);
          const float *from = w + (a * s.kw + b) * s.c * s.f;
          for (long c = 0; c < s.c; c++)
            for (long f = 0; f < s.f; f++) turned[f * channels + c] = from[c * s.f + f];
          turned += s.f * channels;
        }
}

// dx of one image: the inputs of each phase are `s` apart and see the same taps.
static void convolve_back(const Convolution &s, const Border &m, const float *g, const float *turned, long *offsets,
                          float *dx) {
  long wide = whole(s.f), channels = whole(s.c);
  for (long p = 0; p < s.sh; p++)
    for (long q = 0; q < s.sw; q++) {
      long taps = 0;
      for (long a = 0; a < s.kh; a++)
        for (long b = 0; b < s.kw; b++)
          if (meets(p, a, s.dh, s.sh) && meets(q, b, s.dw, s.sw))
            offsets[taps++] = (floor_divide(p - a * s.dh, s.sh) * m.width + floor_divide(q - b * s.dw, s.sw)) * wide;
      Taps t = {offsets, taps, s.f, turned, channels};
      turned += taps * s.f * channels;
      // The first input of the phase is at `first`, `skip` outputs in.
      long skip_rows = (s.top - p + s.sh - 1) / s.sh, first_row = skip_rows * s.sh + p - s.top;
      long skip = (s.left - q + s.sw - 1) / s.sw, first = skip * s.sw + q - s.left;
      if (first >= s.w) continue;
      long count = (s.w - first + s.sw - 1) / s.sw;
      for (long i = first_row; i < s.h; i += s.sh, skip_rows++) {
        const float *from = g + ((m.top + skip_rows) * m.width + m.left + skip) * wide;
        convolve_row(t, from, wide, nullptr, dx + (i * s.w + first) * s.c, s.sw * s.c, s.c, count);
      }
    }
}

static long convolve_gradient_scratch(const Convolution &s) {
  Border m = border_of(s, true);
  return whole(padded_height(s) * padded_width(s) * s.c) + m.height * m.width * whole(s.f) + 2 * s.kh * s.kw;
}

static void convolve_gradient(const Convolution &s, const float *dy, const float *x, const float *turned,
                              const float *y, const uint8_t *winner, float *dx, float *dw, float *db, float *scratch,
                              long begin, long end) {
  long wide = whole(s.f), cells = cell_rows(s) * cell_columns(s) * s.f;
  Border m = border_of(s, dx != nullptr);
  bool copies = s.activation != LINEAR || s.ph * s.pw > 1 || s.f != wide || m.width != s.ow || m.height != s.oh;
  long width = padded_width(s), row = width * s.c;
  long *offsets = (long *)scratch;
  float *padded = scratch + 2 * s.kh * s.kw, *spaced = padded + whole(padded_height(s) * row);
  if (pads(s)) zero(padded, padded_height(s) * row);
  if (copies) zero(spaced, m.height * m.width * wide);
  for (long n = begin; n < end; n++) {
    const float *dy_n = dy + n * cells, *y_n = y ? y + n * cells : dy_n, *g = dy_n;
    if (copies) {
      const uint8_t *won = winner ? winner + n * cells : nullptr;
      with_activation(s.activation, [&](auto a) { spread<a.value>(s, m, dy_n, y_n, won, spaced, wide); });
      g = spaced;
    }
    if (db) slope_sum(s.activation, dy_n, y_n, nullptr, db, cells / s.f, s.f);
    if (dw) {
      const float *image = x + n * s.h * s.w * s.c;
      if (pads(s)) {
        pad_image(s, image, padded);
        image = padded;
      }
      add_weights(s, image, row, g + (m.top * m.width + m.left) * wide, m.width * wide, wide, dw);
    }
    if (dx) convolve_back(s, m, g, turned, offsets, dx + n * s.h * s.w * s.c);
  }
}
