#include "arguments.h"

namespace {

enum { COST = 16 };  // of a logarithm, against a value that is added to another

// (labels, classes, index): index[r] = r * classes + labels[r]; refuses labels out of [0, classes)
KERNEL(places) {
  Arguments take(values, count);
  long rows = -1;
  int width = 0;
  const void *labels = take.read_integers(rows, width, true);
  long classes = take.integer(), *index = take.write_index(rows);
  if (!take.fits()) return done(false);
  for (long r = 0; r < rows; r++) {
    long label = width == 8   ? (long)((const int64_t *)labels)[r]
                 : width == 4 ? ((const int32_t *)labels)[r]
                              : ((const uint8_t *)labels)[r];
    if (label < 0 || label >= classes) return done(false);
    index[r] = r * classes + label;
  }
  return done(true);
}

// (x (rows, width), index, p, y)
KERNEL(softmax_of_labels) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *x = take.read(n);
  const long *index = take.read_index(rows);
  float *p = take.write(n), *y = take.write(rows);
  if (!take.fits() || rows < 1 || n < rows || n % rows || !lie_within(index, rows, n)) return done(false);
  Unlocked unlocked(n);
  long width = n / rows;
  share_rows(rows, 8 * width, [&](long a, long b) { active->softmax_of_labels(x, index, p, y, a, b, width); });
  return done(true);
}

// (dy, index, p (rows, width), dx)
KERNEL(softmax_of_labels_gradient) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *dy = take.read(rows);
  const long *index = take.read_index(rows);
  const float *p = take.read(n);
  float *dx = take.write(n);
  if (!take.fits() || rows < 1 || n < rows || n % rows || !lie_within(index, rows, n)) return done(false);
  Unlocked unlocked(n);
  active->softmax_of_labels_gradient(dy, index, p, dx, rows, n / rows);
  return done(true);
}

// (t (rows, width), p, y)
KERNEL(crossentropy) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *t = take.read(n), *p = take.read(n);
  float *y = take.write(rows);
  if (!take.fits() || rows < 1 || n % rows) return done(false);
  Unlocked unlocked(n);
  long width = n / rows;
  share_rows(rows, COST * width, [&](long a, long b) {
    active->crossentropy(t + a * width, p + a * width, y + a, b - a, width);
  });
  return done(true);
}

// (dy, t (rows, width), p, dx)
KERNEL(softmax_crossentropy_gradient) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *dy = take.read(rows), *t = take.read(n), *p = take.read(n);
  float *dx = take.write(n);
  if (!take.fits() || rows < 1 || n % rows) return done(false);
  Unlocked unlocked(n);
  long width = n / rows;
  share_rows(rows, 3 * width, [&](long a, long b) {
    active->softmax_crossentropy_gradient(dy + a, t + a * width, p + a * width, dx + a * width, b - a, width);
  });
  return done(true);
}

// (t, x, y)
PyObject *two_to_one(PyObject *const *values, Py_ssize_t count,
                     void (*f)(const float *, const float *, float *, long)) {
  Arguments take(values, count);
  long n = -1;
  const float *t = take.read(n), *x = take.read(n);
  float *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, COST, [&](long from, long to) { f(t + from, x + from, y + from, to - from); });
  return done(true);
}

// (dy, t, p, dx)
PyObject *three_to_one(PyObject *const *values, Py_ssize_t count,
                       void (*f)(const float *, const float *, const float *, float *, long)) {
  Arguments take(values, count);
  long n = -1;
  const float *dy = take.read(n), *t = take.read(n), *p = take.read(n);
  float *dx = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 2, [&](long from, long to) { f(dy + from, t + from, p + from, dx + from, to - from); });
  return done(true);
}

KERNEL(binary_probabilities) { return two_to_one(values, count, active->binary_probabilities); }
KERNEL(binary_probabilities_gradient) { return three_to_one(values, count, active->binary_probabilities_gradient); }
KERNEL(binary_logits) { return two_to_one(values, count, active->binary_logits); }
KERNEL(sigmoid_crossentropy_gradient) { return three_to_one(values, count, active->sigmoid_crossentropy_gradient); }

// (t, x, p, y)
KERNEL(sigmoid_crossentropy) {
  Arguments take(values, count);
  long n = -1;
  const float *t = take.read(n), *x = take.read(n);
  float *p = take.write(n), *y = take.write(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  share_rows(n, 2 * COST, [&](long from, long to) {
    active->sigmoid_crossentropy(t + from, x + from, p + from, y + from, to - from);
  });
  return done(true);
}

}  // namespace

PyMethodDef loss_methods[] = {
    METHOD(places), METHOD(softmax_of_labels), METHOD(softmax_of_labels_gradient), METHOD(crossentropy),
    METHOD(softmax_crossentropy_gradient), METHOD(binary_probabilities), METHOD(binary_probabilities_gradient),
    METHOD(binary_logits), METHOD(sigmoid_crossentropy), METHOD(sigmoid_crossentropy_gradient),
    {nullptr, nullptr, 0, nullptr},
};
