// The gradient of a convolution's weights: a tile of them stays in registers while all outputs of an image go by.

// Runs of neighbouring input values that a kernel row meets, `apart` values between one run and the next.
template <int R, int K, int B>
static __attribute__((noinline)) void weight_tile(const Convolution &s, const float *x, long row, long apart,
                                                  const float *g, long g_row, long wide, float *dw, long dw_apart) {
  V sums[K][R][B] = {};
  for (long i = 0; i < s.oh; i++) {
    const float *from = x + i * s.sh * row, *with = g + i * g_row;
    for (long j = 0; j < s.ow; j++, from += s.sw * s.c, with += wide) {
      V values[B];
      UNROLLED
      for (int b = 0; b < B; b++) values[b] = load(with + b * LANES);
      UNROLLED
      for (int k = 0; k < K; k++) {
        UNROLLED
        for (int r = 0; r < R; r++) {
          V v = splat(from[k * apart + r]);
          UNROLLED
          for (int b = 0; b < B; b++) sums[k][r][b] += v * values[b];
        }
      }
    }
  }
  UNROLLED
  for (int k = 0; k < K; k++) {
    UNROLLED
    for (int r = 0; r < R; r++) {
      UNROLLED
      for (int b = 0; b < B; b++) {
        float *to = dw + (k * dw_apart + r * wide) + b * LANES;
        store(to, load(to) + sums[k][r][b]);
      }
    }
  }
}

typedef void (*WeightTile)(const Convolution &, const float *, long, long, const float *, long, long, float *, long);

template <int K, int B, int... R>
struct WeightTiles {
  static constexpr WeightTile of[] = {nullptr, weight_tile<R, K, B>...};
};
#if LANES == 16 || defined(__aarch64__)
enum { RUN_WIDE = 12, RUN_NARROW = 16, TOGETHER = 3 };
#else
enum { RUN_WIDE = 6, RUN_NARROW = 12, TOGETHER = 3 };
#endif
typedef WeightTiles<1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16> OneRun;
typedef WeightTiles<1, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12> OneRunWide;
typedef WeightTiles<TOGETHER, 1, 1, 2, 3, 4, 5> Runs;
typedef WeightTiles<TOGETHER, 2, 1, 2, 3, 4> RunsWide;

// dw += what one image adds. `x` is the (padded) image, its rows `row` values long.
static void add_weights(const Convolution &s, const float *x, long row, const float *g, long g_row, long wide,
                        float *dw) {
  bool joined = s.dw == 1;  // the values that a kernel row meets are neighbours
  long run = joined ? s.kw * s.c : s.c, runs = joined ? s.kh : s.kh * s.kw;
  for (long f = 0; f < wide; f += 2 * LANES) {
    bool two = wide - f > LANES;
    long together = two ? (LANES == 16 ? 4 : 2) : (LANES == 16 ? 5 : 3);
    for (long k = 0; k < runs;) {
      long a = joined ? k : k / s.kw, b = joined ? 0 : k % s.kw;
      const float *from = x + a * s.dh * row + b * s.dw * s.c;
      float *to = dw + k * run * wide + f;
      if (joined && run <= together && runs - k >= TOGETHER) {
        WeightTile tiles = two ? RunsWide::of[run] : Runs::of[run];
        tiles(s, from, row, s.dh * row, g + f, g_row, wide, to, run * wide);
        k += TOGETHER;
        continue;
      }
      long limit = two ? RUN_WIDE : RUN_NARROW, count = (run + limit - 1) / limit;
      for (long t = 0; t < count; t++) {
        long start = run * t / count, width = run * (t + 1) / count - start;
        WeightTile one = two ? OneRunWide::of[width] : OneRun::of[width];
        one(s, from + start, row, 0, g + f, g_row, wide, to + start * wide, 0);
      }
      k++;
    }
  }
}
