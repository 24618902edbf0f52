#include "arguments.h"

namespace {

enum { COST = 8 };  // of a value, against one that is added to another

// (x, y)
PyObject *one_to_one(PyObject *const *values, Py_ssize_t count, void (*f)(const float *, float *, long)) {
  Arguments take(values, count);
  long n = -1;
  const float *x = take.read(n);
  float *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, COST, [&](long from, long to) { f(x + from, y + from, to - from); });
  return done(true);
}

// (x, y, kept)
PyObject *one_to_two(PyObject *const *values, Py_ssize_t count, void (*f)(const float *, float *, float *, long)) {
  Arguments take(values, count);
  long n = -1;
  const float *x = take.read(n);
  float *y = take.write(n), *kept = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, COST, [&](long from, long to) { f(x + from, y + from, kept + from, to - from); });
  return done(true);
}

// (dy, a, b, dx)
PyObject *three_to_one(PyObject *const *values, Py_ssize_t count,
                       void (*f)(const float *, const float *, const float *, float *, long)) {
  Arguments take(values, count);
  long n = -1;
  const float *dy = take.read(n), *a = take.read(n), *b = take.read(n);
  float *dx = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, COST, [&](long from, long to) { f(dy + from, a + from, b + from, dx + from, to - from); });
  return done(true);
}

KERNEL(errors) { return one_to_one(values, count, active->errors); }
KERNEL(error_complements) { return one_to_one(values, count, active->error_complements); }
KERNEL(gelu) { return one_to_two(values, count, active->gelu); }
KERNEL(gelu_gradient) { return three_to_one(values, count, active->gelu_gradient); }
KERNEL(gelu_tanh) { return one_to_two(values, count, active->gelu_tanh); }
KERNEL(gelu_tanh_gradient) { return three_to_one(values, count, active->gelu_tanh_gradient); }
KERNEL(silu) { return one_to_two(values, count, active->silu); }
KERNEL(silu_gradient) { return three_to_one(values, count, active->silu_gradient); }

}  // namespace

PyMethodDef activation_methods[] = {
    METHOD(errors), METHOD(error_complements), METHOD(gelu), METHOD(gelu_gradient), METHOD(gelu_tanh), METHOD(gelu_tanh_gradient),
    METHOD(silu), METHOD(silu_gradient), {nullptr, nullptr, 0, nullptr},
};
