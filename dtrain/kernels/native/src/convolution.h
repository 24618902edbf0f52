// Convolution without a patch matrix: a tile of P neighbouring outputs by B vectors of filters stays in registers while
// the kernel's taps and the channels go by. Images are copied inside of their padding first, so that no tile meets a
// border. Filters are padded with zeros to whole vectors.

#if LANES == 16
enum { WIDE = 12, NARROW = 14 };  // outputs of a tile with two vectors of filters and with one, of 32 registers
#elif defined(__aarch64__)
enum { WIDE = 12, NARROW = 14 };
#else
enum { WIDE = 6, NARROW = 12 };  // of 16 registers
#endif

// The taps of one convolution: from an output's place in the input to each value that it meets.
struct Taps {
  const long *offsets;
  long count, channels;
  const float *weights;  // (count, channels, filters)
  long filters;          // whole vectors
};

template <int P, int B>
static __attribute__((noinline)) void tile(const Taps &t, const float *x, long step, const float *w, const float *bias,
                                           float *y, long stride, long last) {
  V sums[P][B];
  UNROLLED
  for (int p = 0; p < P; p++) {
    UNROLLED
    for (int b = 0; b < B; b++) sums[p][b] = bias ? load(bias + b * LANES) : V{};
  }
  for (long k = 0; k < t.count; k++) {
    const float *from = x + t.offsets[k];
    for (long c = 0; c < t.channels; c++, w += t.filters) {
      V weights[B];
      UNROLLED
      for (int b = 0; b < B; b++) weights[b] = load(w + b * LANES);
      UNROLLED
      for (int p = 0; p < P; p++) {
        V value = splat(from[p * step + c]);
        UNROLLED
        for (int b = 0; b < B; b++) sums[p][b] += value * weights[b];
      }
    }
  }
  UNROLLED
  for (int p = 0; p < P; p++) {
    UNROLLED
    for (int b = 0; b + 1 < B; b++) store(y + p * stride + b * LANES, sums[p][b]);
    store_some(y + p * stride + (B - 1) * LANES, sums[p][B - 1], last);
  }
}

typedef void (*Tile)(const Taps &, const float *, long, const float *, const float *, float *, long, long);

template <int B, int... P>
struct Tiles {
  static constexpr Tile of[] = {nullptr, tile<P, B>...};
};
typedef Tiles<1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14> One;
typedef Tiles<2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12> Two;

// `count` neighbouring outputs `stride` apart, of inputs `step` apart; filters beyond `filters` are not written.
static void convolve_row(const Taps &t, const float *x, long step, const float *bias, float *y, long stride,
                         long filters, long count) {
  for (long f = 0; f < filters; f += 2 * LANES) {
    bool two = filters - f > LANES;
    long left = filters - f - (two ? LANES : 0), last = least(LANES, left);
    long limit = two ? WIDE : NARROW, tiles = (count + limit - 1) / limit;
    for (long k = 0; k < tiles; k++) {  // tiles of about equal width
      long start = count * k / tiles, width = count * (k + 1) / tiles - start;
      Tile run = two ? Two::of[width] : One::of[width];
      run(t, x + start * step, step, t.weights + f, bias ? bias + f : nullptr, y + start * stride + f, stride, last);
    }
  }
}

INLINE long padded_height(const Convolution &s) { return s.h + s.top + s.bottom; }
INLINE long padded_width(const Convolution &s) { return s.w + s.left + s.right; }
INLINE bool pads(const Convolution &s) { return s.top || s.bottom || s.left || s.right; }

static void zero(float *p, long n) { __builtin_memset(p, 0, n * sizeof(float)); }

// One image into the middle of `padded`, whose border is filled already.
static void pad_image(const Convolution &s, const float *x, float *padded) {
  long row = s.w * s.c;
  for (long i = 0; i < s.h; i++)
    __builtin_memcpy(padded + ((i + s.top) * padded_width(s) + s.left) * s.c, x + i * row, row * sizeof(float));
}

// The weights (kh, kw, c, f) with filters padded to whole vectors.
static void pack(const Convolution &s, const float *w, const float *b, float *weights, float *bias) {
  long rows = s.kh * s.kw * s.c, wide = whole(s.f);
  zero(weights, rows * wide);
  for (long r = 0; r < rows; r++) __builtin_memcpy(weights + r * wide, w + r * s.f, s.f * sizeof(float));
  zero(bias, wide);
  if (b) __builtin_memcpy(bias, b, s.f * sizeof(float));
}

INLINE long cell_rows(const Convolution &s) { return s.oh / s.ph; }
INLINE long cell_columns(const Convolution &s) { return s.ow / s.pw; }

// The largest value of each cell in `rows` (ph, ow, f), the first of equals, and its place.
template <int A>
static void pool_row(const Convolution &s, const float *rows, float *y, uint8_t *winner) {
  for (long cell = 0; cell < cell_columns(s); cell++, y += s.f, winner += s.f)
    each_vector(s.f, [&](long i, long n) {
      const float *from = rows + cell * s.pw * s.f + i;
      V best = load_some(from, n);
      VI place = {};
      for (long a = 0; a < s.ph; a++)
        for (long b = 0; b < s.pw; b++) {
          V v = load_some(from + (a * s.ow + b) * s.f, n);
          VI larger = (v > best) | (v != v);
          best = larger ? v : best;
          place = larger ? (int32_t)(a * s.pw + b) - VI{} : place;
        }
      store_some(y + i, activated<A>(best), n);
      VB bytes = __builtin_convertvector(place, VB);
      __builtin_memcpy(winner + i, &bytes, n);
    });
}

static void pool_row(const Convolution &s, const float *rows, float *y, uint8_t *winner) {
  with_activation(s.activation, [&](auto a) { pool_row<a.value>(s, rows, y, winner); });
}

static long convolve_scratch(const Convolution &s) {
  long padded = pads(s) ? padded_height(s) * padded_width(s) * s.c : 0;
  long rows = s.ph * s.pw > 1 ? s.ph * s.ow * s.f : 0;
  return whole(padded) + whole(rows) + 2 * s.kh * s.kw;  // an offset takes two floats
}

static void convolve(const Convolution &s, const float *x, const float *weights, const float *bias, float *y,
                     uint8_t *winner, float *scratch, long begin, long end) {
  long width = pads(s) ? padded_width(s) : s.w;
  long *offsets = (long *)scratch;
  float *padded = scratch + 2 * s.kh * s.kw, *rows = padded + (pads(s) ? whole(padded_height(s) * width * s.c) : 0);
  for (long a = 0; a < s.kh; a++)
    for (long b = 0; b < s.kw; b++) offsets[a * s.kw + b] = (a * s.dh * width + b * s.dw) * s.c;
  Taps taps = {offsets, s.kh * s.kw, s.c, weights, whole(s.f)};
  bool pools = s.ph * s.pw > 1;
  if (pads(s)) zero(padded, padded_height(s) * width * s.c);
  for (long n = begin; n < end; n++) {
    const float *image = x + n * s.h * s.w * s.c;
    if (pads(s)) {
      pad_image(s, image, padded);
      image = padded;
    }
    for (long cell = 0; cell < cell_rows(s); cell++) {
      long out = (n * cell_rows(s) + cell) * cell_columns(s) * s.f;
      for (long a = 0; a < s.ph; a++) {
        const float *from = image + (cell * s.ph + a) * s.sh * width * s.c;
        float *to = pools ? rows + a * s.ow * s.f : y + out;
        convolve_row(taps, from, s.sw * s.c, bias, to, s.f, s.f, s.ow);
      }
      if (pools)
        pool_row(s, rows, y + out, winner + out);
      else if (s.activation != LINEAR)
        activate(s.activation, y + out, y + out, s.ow * s.f);
    }
  }
}
