#include "arguments.h"

namespace {

// (w, g, rate)
KERNEL(sgd) {
  Arguments take(values, count);
  long n = -1;
  float *w = take.write(n);
  const float *g = take.read(n);
  float rate = (float)take.number();
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 2, [&](long a, long b) { active->sgd(w + a, g + a, rate, b - a); });
  return done(true);
}

// (w, g, m, rate, momentum, nesterov)
KERNEL(sgd_momentum) {
  Arguments take(values, count);
  long n = -1;
  float *w = take.write(n);
  const float *g = take.read(n);
  float *m = take.write(n), rate = (float)take.number(), decay = (float)take.number();
  int nesterov = (int)take.integer();
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 3, [&](long a, long b) { active->momentum(w + a, g + a, m + a, rate, decay, nesterov, b - a); });
  return done(true);
}

// (w, g, m, v, v_hat or None, alpha, beta_1, beta_2, epsilon)
KERNEL(adam) {
  Arguments take(values, count);
  long n = -1;
  float *w = take.write(n);
  const float *g = take.read(n);
  float *m = take.write(n), *v = take.write(n), *v_hat = take.write(n, true);
  double alpha = take.number(), beta_1 = take.number(), beta_2 = take.number(), epsilon = take.number();
  if (!take.fits()) return done(false);
  AdamSettings settings = {alpha, beta_1, beta_2, epsilon};
  Unlocked unlocked(n);
  share_rows(n, 4, [&](long a, long b) {
    active->adam(w + a, g + a, m + a, v + a, v_hat ? v_hat + a : nullptr, settings, b - a);
  });
  return done(true);
}

// (g, m, v, beta_1, beta_2)
KERNEL(moments) {
  Arguments take(values, count);
  long n = -1;
  const float *g = take.read(n);
  float *m = take.write(n), *v = take.write(n);
  double beta_1 = take.number(), beta_2 = take.number();
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 3, [&](long a, long b) { active->moments(g + a, m + a, v + a, beta_1, beta_2, b - a); });
  return done(true);
}

// (w, m, v, alpha, epsilon)
KERNEL(descend) {
  Arguments take(values, count);
  long n = -1;
  float *w = take.write(n);
  const float *m = take.read(n), *v = take.read(n);
  float alpha = (float)take.number(), epsilon = (float)take.number();
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 3, [&](long a, long b) { active->descend(w + a, m + a, v + a, alpha, epsilon, b - a); });
  return done(true);
}

// (w, g, v, rate, rho, epsilon)
KERNEL(rmsprop) {
  Arguments take(values, count);
  long n = -1;
  float *w = take.write(n);
  const float *g = take.read(n);
  float *v = take.write(n), rate = (float)take.number();
  double rho = take.number();
  float epsilon = (float)take.number();
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 3, [&](long a, long b) { active->rmsprop(w + a, g + a, v + a, rate, rho, epsilon, b - a); });
  return done(true);
}

// (g, v, rho)
KERNEL(mean_square) {
  Arguments take(values, count);
  long n = -1;
  const float *g = take.read(n);
  float *v = take.write(n);
  double rho = take.number();
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 2, [&](long a, long b) { active->mean_square(g + a, v + a, rho, b - a); });
  return done(true);
}

}  // namespace

PyMethodDef optimizer_methods[] = {
    METHOD(sgd), METHOD(sgd_momentum), METHOD(adam), METHOD(moments), METHOD(descend), METHOD(rmsprop),
    METHOD(mean_square), {nullptr, nullptr, 0, nullptr},
};
