// The error function, and activations that need more than their output for their slope.

// exp(-x * x) with all digits: the square of x without its low bits is exact, and what is left of the exponent is small.
INLINE V bell(V x) {
  V high = (V)((VI)x & ~0xfff);
  V r = (x - high) * (x + high);
  return exponential(-high * high) * (1.0f - r * (1.0f - r * (0.5f - r * (0.16666667f - r * 0.041666668f))));
}

// erfc(x) for x >= 0: exp(-x * x) * t * polynomial(t), t = 1 / (1 + 0.35 x) (minimax, relative error below 1e-8).
INLINE V upper_tail(V x) {
  x = x > 11.0f ? splat(11.0f) : x;
  V t = 1.0f / (1.0f + 0.35f * x);
  V p = t * 3.868608657e-2f - 1.605231216e-1f;
  p = p * t + 1.853364800e-1f;
  p = p * t - 3.306363983e-2f;
  p = p * t + 9.165584751e-2f;
  p = p * t + 1.434417607e-1f;
  p = p * t + 1.521294571e-1f;
  p = p * t + 1.876893330e-1f;
  p = p * t + 1.971655122e-1f;
  p = p * t + 1.974822918e-1f;
  return bell(x) * t * p;
}

INLINE V complementary_error(V x) {
  V tail = upper_tail(x < 0 ? -x : x);
  return x < 0 ? 2.0f - tail : tail;
}

// erf(x): a polynomial up to 1, where 1 - erfc(x) would lose digits (minimax, relative error below 2e-9).
INLINE V error_function(V x) {
  V a = x < 0 ? -x : x, s = x * x;
  V p = s * 7.853861190e-5f - 8.010193576e-4f;
  p = p * s + 5.188327680e-3f;
  p = p * s - 2.685381193e-2f;
  p = p * s + 1.128358515e-1f;
  p = p * s - 3.761262582e-1f;
  p = p * s + 1.128379166f;
  V far = 1.0f - upper_tail(a);
  far = x < 0 ? -far : far;
  return a < 1.0f ? p * x : far;
}

static void errors(const float *x, float *y, long n) {
  each_vector(n, [&](long i, long k) { store_some(y + i, error_function(load_some(x + i, k)), k); });
}

static void error_complements(const float *x, float *y, long n) {
  each_vector(n, [&](long i, long k) { store_some(y + i, complementary_error(load_some(x + i, k)), k); });
}

// y = x * cdf, cdf = erfc(-x / sqrt(2)) / 2
static void gelu(const float *x, float *y, float *cdf, long n) {
  each_vector(n, [&](long i, long k) {
    V v = load_some(x + i, k), c = 0.5f * complementary_error(v * -0.70710678f);
    store_some(cdf + i, c, k);
    store_some(y + i, v * c, k);
  });
}

// dx = dy * (cdf + x * exp(-x * x / 2) / sqrt(2 pi)); dx may be dy
static void gelu_gradient(const float *dy, const float *x, const float *cdf, float *dx, long n) {
  each_vector(n, [&](long i, long k) {
    V v = load_some(x + i, k);
    V slope_of = load_some(cdf + i, k) + v * exponential(v * v * -0.5f) * 0.39894228f;
    store_some(dx + i, load_some(dy + i, k) * slope_of, k);
  });
}

// y = x * (1 + t) / 2, t = tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
static void gelu_tanh(const float *x, float *y, float *t, long n) {
  each_vector(n, [&](long i, long k) {
    V v = load_some(x + i, k), s = hyperbolic_tangent(v * (0.79788456f + 0.035677408f * v * v));
    store_some(t + i, s, k);
    store_some(y + i, v * (1.0f + s) * 0.5f, k);
  });
}

static void gelu_tanh_gradient(const float *dy, const float *x, const float *t, float *dx, long n) {
  each_vector(n, [&](long i, long k) {
    V v = load_some(x + i, k), s = load_some(t + i, k);
    V inner = v * (0.79788456f + 0.10703222f * v * v);
    store_some(dx + i, load_some(dy + i, k) * 0.5f * (1.0f + s + inner * (1.0f - s * s)), k);
  });
}

// y = x * s, s = sigmoid(x)
static void silu(const float *x, float *y, float *s, long n) {
  each_vector(n, [&](long i, long k) {
    V v = load_some(x + i, k), f = sigmoid(v);
    store_some(s + i, f, k);
    store_some(y + i, v * f, k);
  });
}

// dx = dy * (s + y * (1 - s)); dx may be dy
static void silu_gradient(const float *dy, const float *y, const float *s, float *dx, long n) {
  each_vector(n, [&](long i, long k) {
    V f = load_some(s + i, k);
    store_some(dx + i, load_some(dy + i, k) * (f + load_some(y + i, k) * (1.0f - f)), k);
  });
}
