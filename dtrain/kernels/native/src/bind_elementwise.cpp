#include <atomic>

#include "arguments.h"

namespace {

// (activation, x, y)
KERNEL(activate) {
  Arguments take(values, count);
  int kind = (int)take.integer();
  long n = -1;
  const float *x = take.read(n);
  float *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  long cost = kind > RELU ? 8 : 1;
  share_rows(n, cost, [&](long from, long to) { active->activate(kind, x + from, y + from, to - from); });
  return done(true);
}

// (activation, dy, y, dx)
KERNEL(slope) {
  Arguments take(values, count);
  int kind = (int)take.integer();
  long n = -1;
  const float *dy = take.read(n), *y = take.read(n);
  float *dx = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 1, [&](long from, long to) { active->slope(kind, dy + from, y + from, dx + from, to - from); });
  return done(true);
}

// (activation, b, y (rows, len(b)))
KERNEL(bias_activate) {
  Arguments take(values, count);
  int kind = (int)take.integer();
  long width = -1, n = -1;
  const float *b = take.read(width);
  float *y = take.write(n);
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  share_rows(n / width, width, [&](long from, long to) {
    active->bias_activate(kind, b, y + from * width, to - from, width);
  });
  return done(true);
}

// (activation, dy, y or None, g or None, db): g = dy * slope, db = its sums over rows
KERNEL(slope_sum) {
  Arguments take(values, count);
  int kind = (int)take.integer();
  long n = -1, width = -1;
  const float *dy = take.read(n), *y = take.read(n, kind == LINEAR);
  float *g = take.write(n, true), *db = take.write(width);
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  for (long k = 0; k < width; k++) db[k] = 0;
  active->slope_sum(kind, dy, y, g, db, n / width, width);
  return done(true);
}

// (activation, x, y): y = activation(y + x)
KERNEL(add_activate) {
  Arguments take(values, count);
  int kind = (int)take.integer();
  long n = -1;
  const float *x = take.read(n);
  float *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  active->add_activate(kind, x, y, n);
  return done(true);
}

// (x): whether no value is NaN or infinite; False also for what is not told
KERNEL(all_finite) {
  Arguments take(values, count);
  long n = -1;
  const float *x = take.read(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  std::atomic<bool> all{true};
  share_rows(n, 1, [&](long from, long to) {
    if (!active->all_finite(x, from, to)) all = false;
  });
  return done(all);
}

// (x, mask, scale, y)
KERNEL(mask) {
  Arguments take(values, count);
  long n = -1;
  const float *x = take.read(n);
  const uint8_t *kept = take.read_bytes(n);
  float scale = (float)take.number(), *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 1, [&](long from, long to) { active->mask(x + from, kept + from, scale, y + from, to - from); });
  return done(true);
}

// (y, term, term, ...): y = the sum of two or more terms, in their order; y may be one of them
KERNEL(add) {
  enum { MOST = 19 };
  const float *terms[MOST];
  int number = (int)count - 1;
  if (number < 2 || number > MOST) return done(false);
  Arguments take(values, count);
  long n = -1;
  float *y = take.write(n);
  for (int k = 0; k < number; k++) terms[k] = take.read(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 1, [&](long from, long to) { active->add(terms, number, y, from, to); });
  return done(true);
}

// (x, scale, y): y = x * scale, for x of bytes
KERNEL(scale_bytes) {
  Arguments take(values, count);
  long n = -1;
  const uint8_t *x = take.read_bytes(n);
  float scale = (float)take.number(), *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 1, [&](long from, long to) { active->bytes_to_floats(x + from, scale, y + from, to - from); });
  return done(true);
}

}  // namespace


PyMethodDef elementwise_methods[] = {
    METHOD(activate), METHOD(slope), METHOD(bias_activate), METHOD(slope_sum),
    METHOD(mask), METHOD(add), METHOD(add_activate), METHOD(all_finite), METHOD(scale_bytes), {nullptr, nullptr, 0, nullptr},
};
