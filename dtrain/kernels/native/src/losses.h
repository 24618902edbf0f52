// Crossentropies of softmax and sigmoid together with them, and of probabilities. As in `rows.h`, probabilities are
// clipped, and no gradient flows where they are.

INLINE V clipped(V q) {
  q = q < EPSILON ? splat(EPSILON) : q;
  return q > HIGHEST ? splat(HIGHEST) : q;  // NaN stays
}

// log(x) for x >= 2**-126 (coefficients: Cephes, logf).
INLINE V logarithm(V x) {
  VI bits = (VI)x - 0x3f3504f3;  // the exponent of x / sqrt(1/2)
  V e = __builtin_convertvector(bits >> 23, V), m = (V)((VI)x - (bits & ~0x7fffff)) - 1.0f, z = m * m;
  V p = m * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  V y = p * m * z + e * -2.12194440e-4f - 0.5f * z + m + e * 0.693359375f;
  return x == x ? y : x;
}

// log(1 + x) for 0 <= x <= 1.
INLINE V logarithm_of_one_plus(V x) {
  V u = 1.0f + x;
  return u == 1.0f ? x : logarithm(u) * x / (u - 1.0f);
}

// p = softmax(x), y = -log(p[label]); index: where each row's label lies in the whole array.
static void softmax_of_labels(const float *x, const long *index, float *p, float *y, long begin, long end, long width) {
  softmax(x + begin * width, p + begin * width, end - begin, width);
  for (long r = begin; r < end; r++) y[r] = -__builtin_logf(clipped(p[index[r]]));
}

static void softmax_of_labels_gradient(const float *dy, const long *index, const float *p, float *dx, long rows,
                                       long width) {
  for (long r = 0; r < rows; r++) {
    float q = p[index[r]], g = clipped(q) == q ? dy[r] : 0;
    INDEPENDENT
    for (long i = 0; i < width; i++) dx[r * width + i] = p[r * width + i] * g;
    dx[index[r]] -= g;
  }
}

// y = -sum(t * log(p)) of each row; p are probabilities.
static void crossentropy(const float *t, const float *p, float *y, long rows, long width) {
  for (long r = 0; r < rows; r++, t += width, p += width) {
    V s = {};
    each_vector(width, [&](long i, long n) { s += load_some(t + i, n) * logarithm(clipped(load_some(p + i, n))); });
    y[r] = -sum(s);
  }
}

// Of y = -sum(t * log(softmax(x))), p = softmax(x): dx = dy * (p * sum(g) - g), where g = t, 0 where p is clipped.
static void softmax_crossentropy_gradient(const float *dy, const float *t, const float *p, float *dx, long rows,
                                          long width) {
  for (long r = 0; r < rows; r++, t += width, p += width, dx += width) {
    V s = {};
    each_vector(width, [&](long i, long n) {
      V q = load_some(p + i, n);
      s += clipped(q) == q ? load_some(t + i, n) : V{};
    });
    float total = sum(s), g = dy[r];
    each_vector(width, [&](long i, long n) {
      V q = load_some(p + i, n), inside = clipped(q) == q ? load_some(t + i, n) : V{};
      store_some(dx + i, g * (q * total - inside), n);
    });
  }
}

INLINE V binary(V t, V p) {
  V c = clipped(p);
  return -(t * logarithm(c) + (1.0f - t) * logarithm(1.0f - c));
}

// y = -(t * log(p) + (1 - t) * log(1 - p))
static void binary_probabilities(const float *t, const float *p, float *y, long n) {
  each_vector(n, [&](long i, long k) { store_some(y + i, binary(load_some(t + i, k), load_some(p + i, k)), k); });
}

// dx = dy * (p - t) / (p * (1 - p)), 0 where p is clipped
static void binary_probabilities_gradient(const float *dy, const float *t, const float *p, float *dx, long n) {
  each_vector(n, [&](long i, long k) {
    V q = load_some(p + i, k), c = clipped(q);
    V g = load_some(dy + i, k) * ((c - load_some(t + i, k)) / c / (1.0f - c));
    store_some(dx + i, c == q ? g : V{}, k);
  });
}

// y = max(x, 0) - x * t + log(1 + exp(-|x|))
static void binary_logits(const float *t, const float *x, float *y, long n) {
  each_vector(n, [&](long i, long k) {
    V v = load_some(x + i, k), part = logarithm_of_one_plus(exponential(v < 0 ? v : -v));
    store_some(y + i, (v < 0 ? part : part + v) - v * load_some(t + i, k), k);
  });
}

// p = sigmoid(x), y = -(t * log(p) + (1 - t) * log(1 - p))
static void sigmoid_crossentropy(const float *t, const float *x, float *p, float *y, long n) {
  each_vector(n, [&](long i, long k) {
    V q = sigmoid(load_some(x + i, k));
    store_some(p + i, q, k);
    store_some(y + i, binary(load_some(t + i, k), q), k);
  });
}

// dx = dy * (p - t), 0 where p is clipped
static void sigmoid_crossentropy_gradient(const float *dy, const float *t, const float *p, float *dx, long n) {
  each_vector(n, [&](long i, long k) {
    V q = load_some(p + i, k), g = load_some(dy + i, k) * (q - load_some(t + i, k));
    store_some(dx + i, clipped(q) == q ? g : V{}, k);
  });
}
