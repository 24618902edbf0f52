// The elementwise part of recurrent cells, one pass a time step. Gates lie one after the other, `n` values each (units
// by sequences); those that end in a sigmoid were scaled by a half: sigmoid(x) = (tanh(x / 2) + 1) / 2.

INLINE V half_sigmoid(V x) { return 1.0f / (1.0f + exponential(-(x + x))); }

// gates (i, f, o, g) hold the products with the inputs and become the gates; `sums` those with the states.
static void lstm_step(float *gates, const float *sums, const float *before, float *c, float *tanh_c, float *h, long n) {
  float *gi = gates, *gf = gates + n, *go = gates + 2 * n, *gg = gates + 3 * n;
  each_vector(n, [&](long k, long m) {
    V i = half_sigmoid(load_some(gi + k, m) + load_some(sums + k, m));
    V f = half_sigmoid(load_some(gf + k, m) + load_some(sums + n + k, m));
    V o = half_sigmoid(load_some(go + k, m) + load_some(sums + 2 * n + k, m));
    V g = hyperbolic_tangent(load_some(gg + k, m) + load_some(sums + 3 * n + k, m));
    V now = f * load_some(before + k, m) + i * g, t = hyperbolic_tangent(now);
    store_some(gi + k, i, m);
    store_some(gf + k, f, m);
    store_some(go + k, o, m);
    store_some(gg + k, g, m);
    store_some(c + k, now, m);
    store_some(tanh_c + k, t, m);
    store_some(h + k, o * t, m);
  });
}

// d = the gradient before the gates' functions, in their order; dc becomes that of the cells before the step.
static void lstm_back(float *gates, const float *tanh_c, const float *before, const float *dh, float *dc, float *d,
                      long n) {
  each_vector(n, [&](long k, long m) {
    V i = load_some(gates + k, m), f = load_some(gates + n + k, m), o = load_some(gates + 2 * n + k, m);
    V g = load_some(gates + 3 * n + k, m), t = load_some(tanh_c + k, m), h = load_some(dh + k, m);
    V c = load_some(dc + k, m) + h * o * (1.0f - t * t);
    store_some(d + k, c * g * i * (1.0f - i), m);
    store_some(d + n + k, c * load_some(before + k, m) * f * (1.0f - f), m);
    store_some(d + 2 * n + k, h * t * o * (1.0f - o), m);
    store_some(d + 3 * n + k, c * i * (1.0f - g * g), m);
    store_some(dc + k, c * f, m);
  });
}

// The first two of three gates (z, r, g): sigmoid of both products' sum.
static void gru_gates(float *gates, const float *sums, long n) {
  each_vector(2 * n, [&](long k, long m) {
    store_some(gates + k, half_sigmoid(load_some(gates + k, m) + load_some(sums + k, m)), m);
  });
}

// g = tanh(g + factor * add + b), after = z * h + (1 - z) * g. `b` has one value for each unit; factor r or null (1).
static void gru_step(const float *z, const float *factor, float *g, const float *add, const float *b, const float *h,
                     float *after, long units, long sequences) {
  for (long u = 0; u < units; u++)
    each_vector(sequences, [&](long j, long m) {
      long k = u * sequences + j;
      V more = load_some(add + k, m);
      if (factor) more *= load_some(factor + k, m);
      V now = hyperbolic_tangent(load_some(g + k, m) + more + b[u]);
      store_some(g + k, now, m);
      store_some(after + k, (load_some(h + k, m) - now) * load_some(z + k, m) + now, m);
    });
}

// dz, dg before their functions; dh becomes dh * z. `d` takes (dz, -, dg).
static void gru_back(const float *z, const float *g, const float *h, float *dh, float *d, long n) {
  each_vector(n, [&](long k, long m) {
    V zs = load_some(z + k, m), gs = load_some(g + k, m), ds = load_some(dh + k, m);
    store_some(d + k, (load_some(h + k, m) - gs) * ds * (1.0f - zs) * zs, m);
    store_some(d + 2 * n + k, (1.0f - zs) * ds * (1.0f - gs * gs), m);
    store_some(dh + k, ds * zs, m);
  });
}
