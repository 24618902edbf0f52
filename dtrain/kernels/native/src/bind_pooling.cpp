#include "arguments.h"

namespace {

// Twelve numbers: images n h w c, window, strides, padding (top left), outputs.
Pooling take_pooling(Arguments &take) {
  Pooling s;
  long *fields[] = {&s.n, &s.h, &s.w, &s.c, &s.kh, &s.kw, &s.sh, &s.sw, &s.top, &s.left, &s.oh, &s.ow};
  for (long *field : fields) *field = take.integer();
  bool good = s.n >= 0 && s.h > 0 && s.w > 0 && s.c > 0 && s.kh > 0 && s.kw > 0 && s.sh > 0 && s.sw > 0 &&
              s.kh * s.kw <= 256 && s.top >= 0 && s.top < s.kh && s.left >= 0 && s.left < s.kw && s.oh > 0 &&
              s.ow > 0 && (s.oh - 1) * s.sh - s.top < s.h && (s.ow - 1) * s.sw - s.left < s.w;
  if (!good) take.refuse();
  return s;
}

long inputs(const Pooling &s) { return s.n * s.h * s.w * s.c; }
long outputs(const Pooling &s) { return s.n * s.oh * s.ow * s.c; }
long work(const Pooling &s) { return s.oh * s.ow * s.c * s.kh * s.kw; }

enum { NUMBERS = 12 };

// (x, y, winner, numbers...)
KERNEL(max_pool) {
  if (count != 3 + NUMBERS) return done(false);
  Arguments numbers(values + 3, NUMBERS), take(values, 3);
  Pooling s = take_pooling(numbers);
  if (!numbers.fits()) return done(false);
  long nx = inputs(s), ny = outputs(s);
  const float *x = take.read(nx);
  float *y = take.write(ny);
  uint8_t *winner = take.write_bytes(ny);
  if (!take.fits()) return done(false);
  Unlocked unlocked(nx);
  share_rows(s.n, work(s), [&](long a, long b) { active->max_pool(s, x, y, winner, a, b); });
  return done(true);
}

// (dy, winner, dx, numbers...)
KERNEL(max_pool_gradient) {
  if (count != 3 + NUMBERS) return done(false);
  Arguments numbers(values + 3, NUMBERS), take(values, 3);
  Pooling s = take_pooling(numbers);
  if (!numbers.fits()) return done(false);
  long nx = inputs(s), ny = outputs(s);
  const float *dy = take.read(ny);
  const uint8_t *winner = take.read_bytes(ny);
  float *dx = take.write(nx);
  if (!take.fits()) return done(false);
  Unlocked unlocked(nx);
  share_rows(s.n, work(s), [&](long a, long b) { active->max_pool_gradient(s, dy, winner, dx, a, b); });
  return done(true);
}

// (x, y, numbers...)
KERNEL(average_pool) {
  if (count != 2 + NUMBERS) return done(false);
  Arguments numbers(values + 2, NUMBERS), take(values, 2);
  Pooling s = take_pooling(numbers);
  if (!numbers.fits()) return done(false);
  long nx = inputs(s), ny = outputs(s);
  const float *x = take.read(nx);
  float *y = take.write(ny);
  if (!take.fits()) return done(false);
  Unlocked unlocked(nx);
  share_rows(s.n, work(s), [&](long a, long b) { active->average_pool(s, x, y, a, b); });
  return done(true);
}

// (dy, dx, numbers...)
KERNEL(average_pool_gradient) {
  if (count != 2 + NUMBERS) return done(false);
  Arguments numbers(values + 2, NUMBERS), take(values, 2);
  Pooling s = take_pooling(numbers);
  if (!numbers.fits()) return done(false);
  long nx = inputs(s), ny = outputs(s);
  const float *dy = take.read(ny);
  float *dx = take.write(nx);
  if (!take.fits()) return done(false);
  Unlocked unlocked(nx);
  share_rows(s.n, work(s), [&](long a, long b) { active->average_pool_gradient(s, dy, dx, a, b); });
  return done(true);
}

}  // namespace

PyMethodDef pooling_methods[] = {
    METHOD(max_pool), METHOD(max_pool_gradient), METHOD(average_pool), METHOD(average_pool_gradient),
    {nullptr, nullptr, 0, nullptr},
};
