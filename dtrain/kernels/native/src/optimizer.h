// Update rules, one pass over values and state each.

static void sgd(float *w, const float *g, float rate, long n) {
  INDEPENDENT
  for (long i = 0; i < n; i++) w[i] -= rate * g[i];
}

static void momentum(float *w, const float *g, float *m, float rate, float decay, int nesterov, long n) {
  if (nesterov) {
    INDEPENDENT
    for (long i = 0; i < n; i++) {
      float step = rate * g[i], now = decay * m[i] - step;
      m[i] = now;
      w[i] += decay * now - step;
    }
    return;
  }
  INDEPENDENT
  for (long i = 0; i < n; i++) {
    float now = decay * m[i] - rate * g[i];
    m[i] = now;
    w[i] += now;
  }
}

static void adam(float *w, const float *g, float *m, float *v, float *v_hat, AdamSettings s, long n) {
  float a = (float)(1 - s.beta_1), b = (float)(1 - s.beta_2);
  float alpha = (float)s.alpha, epsilon = (float)s.epsilon;
  if (v_hat) {
    INDEPENDENT
    for (long i = 0; i < n; i++) {
      float mean = m[i] + (g[i] - m[i]) * a, square = v[i] + (g[i] * g[i] - v[i]) * b;
      float most = v_hat[i] > square ? v_hat[i] : square;
      m[i] = mean;
      v[i] = square;
      v_hat[i] = most;
      w[i] -= alpha * mean / (__builtin_sqrtf(most) + epsilon);
    }
    return;
  }
  INDEPENDENT
  for (long i = 0; i < n; i++) {
    float mean = m[i] + (g[i] - m[i]) * a, square = v[i] + (g[i] * g[i] - v[i]) * b;
    m[i] = mean;
    v[i] = square;
    w[i] -= alpha * mean / (__builtin_sqrtf(square) + epsilon);
  }
}

static void moments(const float *g, float *m, float *v, double beta_1, double beta_2, long n) {
  float a = (float)(1 - beta_1), b = (float)(1 - beta_2);
  INDEPENDENT
  for (long i = 0; i < n; i++) {
    m[i] += (g[i] - m[i]) * a;
    v[i] += (g[i] * g[i] - v[i]) * b;
  }
}

static void descend(float *w, const float *m, const float *v, float alpha, float epsilon, long n) {
  INDEPENDENT
  for (long i = 0; i < n; i++) w[i] -= alpha * m[i] / (__builtin_sqrtf(v[i]) + epsilon);
}

static void rmsprop(float *w, const float *g, float *v, float rate, double rho, float epsilon, long n) {
  float rest = (float)(1 - rho), keep = (float)rho;
  INDEPENDENT
  for (long i = 0; i < n; i++) {
    float square = keep * v[i] + rest * g[i] * g[i];
    v[i] = square;
    w[i] -= rate * g[i] / __builtin_sqrtf(square + epsilon);
  }
}

static void mean_square(const float *g, float *v, double rho, long n) {
  float rest = (float)(1 - rho), keep = (float)rho;
  INDEPENDENT
  for (long i = 0; i < n; i++) v[i] = keep * v[i] + rest * g[i] * g[i];
}
