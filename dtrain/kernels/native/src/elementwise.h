// Activations and their slopes, told from their outputs; `y` may be `x` and `dx` may be `dy`.

template <int A>
INLINE V activated(V x) {
  if (A == RELU) return x < 0 ? V{} : x;  // NaN stays
  if (A == SIGMOID) return sigmoid(x);
  if (A == TANH) return hyperbolic_tangent(x);
  return x;
}

template <int A>
INLINE V sloped(V dy, V y) {
  if (A == RELU) return y > 0 ? dy : V{};
  if (A == SIGMOID) return dy * y * (1.0f - y);
  if (A == TANH) return dy * (1.0f - y * y);
  return dy;
}

// Calls f with the activation as a constant.
template <class F>
INLINE void with_activation(int activation, F f) {
  switch (activation) {
    case RELU: return f(Constant<RELU>{});
    case SIGMOID: return f(Constant<SIGMOID>{});
    case TANH: return f(Constant<TANH>{});
    default: return f(Constant<LINEAR>{});
  }
}

static void activate(int activation, const float *x, float *y, long n) {
  with_activation(activation, [&](auto a) {
    each_vector(n, [&](long i, long k) { store_some(y + i, activated<a.value>(load_some(x + i, k)), k); });
  });
}

static void slope(int activation, const float *dy, const float *y, float *dx, long n) {
  with_activation(activation, [&](auto a) {
    each_vector(n, [&](long i, long k) {
      store_some(dx + i, sloped<a.value>(load_some(dy + i, k), load_some(y + i, k)), k);
    });
  });
}

static void bias_activate(int activation, const float *b, float *y, long rows, long width) {
  with_activation(activation, [&](auto a) {
    for (long r = 0; r < rows; r++, y += width)
      each_vector(width, [&](long i, long k) {
        store_some(y + i, activated<a.value>(load_some(y + i, k) + load_some(b + i, k)), k);
      });
  });
}

// g = dy * slope (g or null), db += its sums over rows. Several vectors of columns at a time: whole cache lines.
template <int A, int B>
static void slope_sum_block(const float *dy, const float *y, float *g, float *db, long rows, long width, long n) {
  V total[B] = {};
  for (long at = 0; at < rows * width; at += width)
    for (int b = 0; b < B; b++) {
      long i = at + b * LANES, k = least(LANES, n - b * LANES);
      V v = load_some(dy + i, k);
      if (A != LINEAR) v = sloped<A>(v, load_some(y + i, k));
      if (g) store_some(g + i, v, k);
      total[b] += v;
    }
  for (int b = 0; b < B; b++) {
    long k = least(LANES, n - b * LANES);
    store_some(db + b * LANES, load_some(db + b * LANES, k) + total[b], k);
  }
}

static void slope_sum(int activation, const float *dy, const float *y, float *g, float *db, long rows, long width) {
  enum { B = 4 };
  with_activation(activation, [&](auto a) {
    long i = 0;
    for (; i + B * LANES <= width; i += B * LANES)
      slope_sum_block<a.value, B>(dy + i, y + i, g ? g + i : g, db + i, rows, width, B * LANES);
    for (; i < width; i += LANES)
      slope_sum_block<a.value, 1>(dy + i, y + i, g ? g + i : g, db + i, rows, width, width - i);
  });
}

static void mask(const float *x, const uint8_t *kept, float scale, float *y, long n) {
  INDEPENDENT
  for (long i = 0; i < n; i++) y[i] = x[i] * (float)kept[i] * scale;
}

static void add(const float *const *terms, int count, float *y, long begin, long end) {
  const float *a = terms[0], *b = terms[1];
  if (count == 2) {
    INDEPENDENT
    for (long i = begin; i < end; i++) y[i] = a[i] + b[i];
    return;
  }
  for (long i = begin; i < end; i += LANES) {
    long k = least(LANES, end - i);
    V total = load_some(a + i, k);
    for (int t = 1; t < count; t++) total += load_some(terms[t] + i, k);
    store_some(y + i, total, k);
  }
}

// y = activation(y + x)
static void add_activate(int activation, const float *x, float *y, long n) {
  with_activation(activation, [&](auto a) {
    each_vector(n, [&](long i, long k) {
      store_some(y + i, activated<a.value>(load_some(y + i, k) + load_some(x + i, k)), k);
    });
  });
}

// Whether no value is NaN or infinite. From the end on: what comes first is then still in the cache for the next pass.
static int all_finite(const float *x, long begin, long end) {
  enum { B = 8, RUN = 64 * B * LANES };
  while (begin < end) {
    long from = most(begin, end - RUN);
    V found[B] = {};
    long i = from;
    for (; i + B * LANES <= end; i += B * LANES)
      UNROLLED
      for (int b = 0; b < B; b++) found[b] += load(x + i + b * LANES) * 0.0f;
    for (; i < end; i += LANES) found[0] += load_some(x + i, least(LANES, end - i)) * 0.0f;
    UNROLLED
    for (int b = 1; b < B; b++) found[0] += found[b];
    if (sum(found[0]) != 0) return 0;
    end = from;
  }
  return 1;
}

static void bytes_to_floats(const uint8_t *x, float scale, float *y, long n) {
  INDEPENDENT
  for (long i = 0; i < n; i++) y[i] = (float)x[i] * scale;
}
