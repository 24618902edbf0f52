#include "arguments.h"

namespace {

// (gates (4, n), sums (4, n), before, c, tanh_c, h)
KERNEL(lstm_step) {
  Arguments take(values, count);
  long all = -1;
  float *gates = take.write(all);
  const float *sums = take.read(all);
  long n = all / 4;
  const float *before = take.read(n);
  float *c = take.write(n), *tanh_c = take.write(n), *h = take.write(n);
  if (!take.fits() || all != 4 * n) return done(false);
  Unlocked unlocked(all);
  active->lstm_step(gates, sums, before, c, tanh_c, h, n);
  return done(true);
}

// (gates (4, n), tanh_c, before, dh, dc, d (4, n))
KERNEL(lstm_back) {
  Arguments take(values, count);
  long all = -1;
  float *gates = take.write(all);
  long n = all / 4;
  const float *tanh_c = take.read(n), *before = take.read(n), *dh = take.read(n);
  float *dc = take.write(n), *d = take.write(all);
  if (!take.fits() || all != 4 * n) return done(false);
  Unlocked unlocked(all);
  active->lstm_back(gates, tanh_c, before, dh, dc, d, n);
  return done(true);
}

// (gates (2, n), sums (2, n))
KERNEL(gru_gates) {
  Arguments take(values, count);
  long all = -1;
  float *gates = take.write(all);
  const float *sums = take.read(all);
  if (!take.fits() || all % 2) return done(false);
  Unlocked unlocked(all);
  active->gru_gates(gates, sums, all / 2);
  return done(true);
}

// (z, factor or None, g, add, b (units,), h, after)
KERNEL(gru_step) {
  Arguments take(values, count);
  long n = -1, units = -1;
  const float *z = take.read(n), *factor = take.read(n, true);
  float *g = take.write(n);
  const float *add = take.read(n), *b = take.read(units), *h = take.read(n);
  float *after = take.write(n);
  if (!take.fits() || units < 1 || n % units) return done(false);
  Unlocked unlocked(n);
  active->gru_step(z, factor, g, add, b, h, after, units, n / units);
  return done(true);
}

// (z, g, h, dh, d (3, n))
KERNEL(gru_back) {
  Arguments take(values, count);
  long n = -1;
  const float *z = take.read(n), *g = take.read(n), *h = take.read(n);
  float *dh = take.write(n);
  long all = 3 * n;
  float *d = take.write(all);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  active->gru_back(z, g, h, dh, d, n);
  return done(true);
}

}  // namespace

PyMethodDef recurrent_methods[] = {
    METHOD(lstm_step), METHOD(lstm_back), METHOD(gru_gates), METHOD(gru_step), METHOD(gru_back),
    {nullptr, nullptr, 0, nullptr},
};
