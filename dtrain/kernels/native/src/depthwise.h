// Convolution of every channel with one kernel of its own: images (n, h, w, c), weights (kh, kw, c).

// Calls f(tap, place in the image) for the taps of the window at (oh, ow) that meet the image.
template <class F>
INLINE void each_tap(const Convolution &s, long oh, long ow, F f) {
  for (long a = 0; a < s.kh; a++) {
    long i = oh * s.sh - s.top + a * s.dh;
    if (i < 0 || i >= s.h) continue;
    for (long b = 0; b < s.kw; b++) {
      long j = ow * s.sw - s.left + b * s.dw;
      if (j >= 0 && j < s.w) f((a * s.kw + b) * s.c, (i * s.w + j) * s.c);
    }
  }
}

static void depthwise(const Convolution &s, const float *x, const float *w, float *y, long begin, long end) {
  for (long n = begin; n < end; n++) {
    const float *image = x + n * s.h * s.w * s.c;
    for (long oh = 0; oh < s.oh; oh++)
      for (long ow = 0; ow < s.ow; ow++) {
        float *to = y + ((n * s.oh + oh) * s.ow + ow) * s.c;
        each_vector(s.c, [&](long i, long k) {
          V total = {};
          each_tap(s, oh, ow, [&](long tap, long at) { total += load_some(image + at + i, k) * load_some(w + tap + i, k); });
          store_some(to + i, total, k);
        });
      }
  }
}

static void depthwise_input_gradient(const Convolution &s, const float *dy, const float *w, float *dx, long begin,
                                     long end) {
  for (long n = begin; n < end; n++) {
    float *image = dx + n * s.h * s.w * s.c;
    for (long i = 0; i < s.h * s.w * s.c; i++) image[i] = 0;
    for (long oh = 0; oh < s.oh; oh++)
      for (long ow = 0; ow < s.ow; ow++) {
        const float *g = dy + ((n * s.oh + oh) * s.ow + ow) * s.c;
        each_tap(s, oh, ow, [&](long tap, long at) {
          INDEPENDENT
          for (long i = 0; i < s.c; i++) image[at + i] += g[i] * w[tap + i];
        });
      }
  }
}

// total (kh, kw, c) += the gradients of the weights; sums of a row of outputs are taken in float32, in `row` (kh, kw, c).
static void depthwise_weight_gradient(const Convolution &s, const float *dy, const float *x, double *total, float *row,
                                      long begin, long end) {
  long size = s.kh * s.kw * s.c;
  for (long n = begin; n < end; n++) {
    const float *image = x + n * s.h * s.w * s.c;
    for (long oh = 0; oh < s.oh; oh++) {
      for (long i = 0; i < size; i++) row[i] = 0;
      for (long ow = 0; ow < s.ow; ow++) {
        const float *g = dy + ((n * s.oh + oh) * s.ow + ow) * s.c;
        each_tap(s, oh, ow, [&](long tap, long at) {
          INDEPENDENT
          for (long i = 0; i < s.c; i++) row[tap + i] += g[i] * image[at + i];
        });
      }
      INDEPENDENT
      for (long i = 0; i < size; i++) total[i] += row[i];
    }
  }
}
