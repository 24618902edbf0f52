// Vectors of LANES floats, in the language that GCC and Clang share, and functions of them.
//
// Included once by each variant, inside of its namespace and after its target was chosen: nothing here may come from
// the standard library, whose inline functions the linker could merge with those of another variant.
#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#define UNROLLED _Pragma("GCC unroll 32")
#endif

template <int N>
struct Constant {
  static constexpr int value = N;
};

typedef float V __attribute__((vector_size(4 * LANES)));
typedef int32_t VI __attribute__((vector_size(4 * LANES)));
typedef uint8_t VB __attribute__((vector_size(LANES)));
typedef float Unaligned __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint8_t UnalignedBytes __attribute__((vector_size(LANES), aligned(1), may_alias));

INLINE V load(const float *p) { return *(const Unaligned *)p; }
INLINE void store(float *p, V v) { *(Unaligned *)p = v; }
INLINE V splat(float s) { return s - V{}; }
INLINE long least(long a, long b) { return a < b ? a : b; }
INLINE long most(long a, long b) { return a > b ? a : b; }
INLINE long whole(long n) { return (n + LANES - 1) / LANES * LANES; }

INLINE V load_part(const float *p, long n) {
  V v = {};
  __builtin_memcpy(&v, p, n * sizeof(float));
  return v;
}
INLINE void store_part(float *p, V v, long n) { __builtin_memcpy(p, &v, n * sizeof(float)); }

INLINE V maximum(V a, V b) { return a > b ? a : b; }

INLINE float sum(V v) {
  float s = 0;
  for (int i = 0; i < LANES; i++) s += v[i];
  return s;
}

INLINE float largest(V v) {
  float s = v[0];
  for (int i = 1; i < LANES; i++) s = v[i] > s ? v[i] : s;
  return s;
}

// exp(x) to 2 units in the last place: 2**n * exp(r) with |r| <= log(2) / 2 (coefficients: Cephes, expf). The power of
// two is applied in halves, so that infinities and zeros come out as they should.
INLINE V exponential(V x) {
  x = x < -104.0f ? splat(-104.0f) : x;
  x = x > 89.0f ? splat(89.0f) : x;
  V n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;  // rounds: adds and takes away 1.5 * 2**23
  V r = x - n * 0.693359375f - n * -2.12194440e-4f;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  VI e = __builtin_convertvector(n, VI), half = e >> 1;
  return p * (V)((half + 127) << 23) * (V)((e - half + 127) << 23);
}

INLINE V sigmoid(V x) { return 1.0f / (1.0f + exponential(-x)); }

// tanh(x): a polynomial near 0, where 1 - 2 / (exp(2 x) + 1) would lose digits (coefficients: Cephes, tanhf).
INLINE V hyperbolic_tangent(V x) {
  V a = x < 0 ? -x : x;
  V s = x * x;
  V p = s * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  p = p * s * x + x;
  V far = 1.0f - 2.0f / (exponential(a + a) + 1.0f);
  far = x < 0 ? -far : far;
  return a < 0.625f ? p : far;
}

// Calls f(place, count) for consecutive vectors, the last of which may have fewer than LANES values.
template <class F>
INLINE void each_vector(long n, F f) {
  long i = 0;
  for (; i + LANES <= n; i += LANES) f(i, (long)LANES);
  if (i < n) f(i, n - i);
}

INLINE V load_some(const float *p, long n) { return n == LANES ? load(p) : load_part(p, n); }
INLINE void store_some(float *p, V v, long n) {
  if (n == LANES)
    store(p, v);
  else
    store_part(p, v, n);
}
