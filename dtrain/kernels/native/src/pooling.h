// Maxima and means of windows; padding is skipped, not stored: it never wins and does not count.

struct Span {
  long first, last;
};

// The places of window number k along an axis that lie inside of the image.
INLINE Span inside(long k, long stride, long before, long kernel, long length) {
  long start = k * stride - before;
  return {most(0, -start), least(kernel, length - start)};
}

template <class F>
INLINE void each_window(const Pooling &s, long begin, long end, F f) {
  for (long n = begin; n < end; n++)
    for (long i = 0; i < s.oh; i++) {
      Span rows = inside(i, s.sh, s.top, s.kh, s.h);
      for (long j = 0; j < s.ow; j++) {
        Span columns = inside(j, s.sw, s.left, s.kw, s.w);
        long corner = ((n * s.h + i * s.sh - s.top) * s.w + j * s.sw - s.left) * s.c;
        f(corner, ((n * s.oh + i) * s.ow + j) * s.c, rows, columns);
      }
    }
}

static void max_pool(const Pooling &s, const float *x, float *y, uint8_t *winner, long begin, long end) {
  each_window(s, begin, end, [&](long from, long to, Span rows, Span columns) {
    each_vector(s.c, [&](long c, long n) {
      V best = splat(-__builtin_inff());
      VI place = (int32_t)(rows.first * s.kw + columns.first) - VI{};
      for (long a = rows.first; a < rows.last; a++)
        for (long b = columns.first; b < columns.last; b++) {
          V v = load_some(x + from + (a * s.w + b) * s.c + c, n);
          VI larger = (v > best) | (v != v);
          best = larger ? v : best;
          place = larger ? (int32_t)(a * s.kw + b) - VI{} : place;
        }
      store_some(y + to + c, best, n);
      VB bytes = __builtin_convertvector(place, VB);
      __builtin_memcpy(winner + to + c, &bytes, n);
    });
  });
}

static void clear_images(const Pooling &s, float *dx, long begin, long end) {
  long size = s.h * s.w * s.c;
  __builtin_memset(dx + begin * size, 0, (end - begin) * size * sizeof(float));
}

static void max_pool_gradient(const Pooling &s, const float *dy, const uint8_t *winner, float *dx, long begin,
                              long end) {
  clear_images(s, dx, begin, end);
  each_window(s, begin, end, [&](long from, long to, Span rows, Span columns) {
    each_vector(s.c, [&](long c, long n) {
      VB bytes = {};
      __builtin_memcpy(&bytes, winner + to + c, n);
      VI won = __builtin_convertvector(bytes, VI);
      V g = load_some(dy + to + c, n);
      for (long a = rows.first; a < rows.last; a++)
        for (long b = columns.first; b < columns.last; b++) {
          float *at = dx + from + (a * s.w + b) * s.c + c;
          store_some(at, load_some(at, n) + (won == (int32_t)(a * s.kw + b) ? g : V{}), n);
        }
    });
  });
}

INLINE float share(Span rows, Span columns) {
  return 1.0f / (float)((rows.last - rows.first) * (columns.last - columns.first));
}

static void average_pool(const Pooling &s, const float *x, float *y, long begin, long end) {
  each_window(s, begin, end, [&](long from, long to, Span rows, Span columns) {
    each_vector(s.c, [&](long c, long n) {
      V total = {};
      for (long a = rows.first; a < rows.last; a++)
        for (long b = columns.first; b < columns.last; b++) total += load_some(x + from + (a * s.w + b) * s.c + c, n);
      store_some(y + to + c, total * share(rows, columns), n);
    });
  });
}

static void average_pool_gradient(const Pooling &s, const float *dy, float *dx, long begin, long end) {
  clear_images(s, dx, begin, end);
  each_window(s, begin, end, [&](long from, long to, Span rows, Span columns) {
    each_vector(s.c, [&](long c, long n) {
      V g = load_some(dy + to + c, n) * share(rows, columns);
      for (long a = rows.first; a < rows.last; a++)
        for (long b = columns.first; b < columns.last; b++) {
          float *at = dx + from + (a * s.w + b) * s.c + c;
          store_some(at, load_some(at, n) + g, n);
        }
    });
  });
}
