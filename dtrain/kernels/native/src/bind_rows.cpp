#include "arguments.h"

namespace {

// (x (rows, width), y, width)
KERNEL(softmax) {
  Arguments take(values, count);
  long n = -1;
  const float *x = take.read(n);
  float *y = take.write(n);
  long width = take.integer();
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  share_rows(n / width, 8 * width, [&](long a, long b) {
    active->softmax(x + a * width, y + a * width, b - a, width);
  });
  return done(true);
}

// (dy, y, dx, width)
KERNEL(softmax_gradient) {
  Arguments take(values, count);
  long n = -1;
  const float *dy = take.read(n), *y = take.read(n);
  float *dx = take.write(n);
  long width = take.integer();
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  share_rows(n / width, 2 * width, [&](long a, long b) {
    active->softmax_gradient(dy + a * width, y + a * width, dx + a * width, b - a, width);
  });
  return done(true);
}

// (x (rows, width), index, y, p)
KERNEL(sparse_logits) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *x = take.read(n);
  const long *index = take.read_index(rows);
  float *y = take.write(rows), *p = take.write(n);
  if (!take.fits() || rows < 1 || n < rows || n % rows || !lie_within(index, rows, n)) return done(false);
  Unlocked unlocked(n);
  active->sparse_logits(x, index, y, p, rows, n / rows);
  return done(true);
}

// (x (rows, width), index, y, scale, q)
KERNEL(sparse_probabilities) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *x = take.read(n);
  const long *index = take.read_index(rows);
  float *y = take.write(rows), *scale = take.write(rows), *q = take.write(rows);
  if (!take.fits() || rows < 1 || n < rows || n % rows || !lie_within(index, rows, n)) return done(false);
  Unlocked unlocked(n);
  active->sparse_probabilities(x, index, y, scale, q, rows, n / rows);
  return done(true);
}

// (dy, index, scale, q, dx (rows, width))
KERNEL(sparse_probabilities_gradient) {
  Arguments take(values, count);
  long n = -1, rows = -1;
  const float *dy = take.read(rows);
  const long *index = take.read_index(rows);
  const float *scale = take.read(rows), *q = take.read(rows);
  float *dx = take.write(n);
  if (!take.fits() || rows < 1 || n < rows || n % rows || !lie_within(index, rows, n)) return done(false);
  Unlocked unlocked(n);
  active->sparse_probabilities_gradient(dy, index, scale, q, dx, rows, n / rows);
  return done(true);
}

// (x (rows, width), gamma, beta, y, mean, scale, center, epsilon)
KERNEL(normalize_rows) {
  Arguments take(values, count);
  long n = -1, width = -1, rows = -1;
  const float *x = take.read(n), *gamma = take.read(width), *beta = take.read(width);
  float *y = take.write(n), *mean = take.write(rows), *scale = take.write(rows);
  int center = (int)take.integer();
  float epsilon = (float)take.number();
  if (!take.fits() || width < 1 || rows * width != n) return done(false);
  Unlocked unlocked(n);
  share_rows(rows, 2 * width, [&](long a, long b) {
    active->normalize_rows(x + a * width, gamma, beta, y + a * width, mean + a, scale + a, center, epsilon, b - a,
                           width);
  });
  return done(true);
}

// (dy, x (rows, width), gamma, mean, scale, dx or None, dgamma or None, dbeta or None, center)
KERNEL(normalize_rows_gradient) {
  Arguments take(values, count);
  long n = -1, width = -1, rows = -1;
  const float *dy = take.read(n), *x = take.read(n), *gamma = take.read(width);
  const float *mean = take.read(rows), *scale = take.read(rows);
  float *dx = take.write(n, true), *dgamma = take.write(width, true), *dbeta = take.write(width, true);
  int center = (int)take.integer();
  if (!take.fits() || width < 1 || rows * width != n) return done(false);
  Unlocked unlocked(n);
  int groups = threads::groups_for(rows, 4 * width);
  Scratch scratch(4 * width * groups);
  double *sums = (double *)scratch.get();
  share_groups(rows, groups, [&](long a, long b, int group, int) {
    double *mine = sums + 2 * width * group;
    for (long k = 0; k < 2 * width; k++) mine[k] = 0;
    active->normalize_rows_gradient(dy + a * width, x + a * width, gamma, mean + a, scale + a,
                                    dx ? dx + a * width : nullptr, mine, mine + width, center, b - a, width);
  });
  for (long k = 0; k < width; k++) {
    for (int g = 1; g < groups; g++) {
      sums[k] += sums[2 * width * g + k];
      sums[width + k] += sums[2 * width * g + width + k];
    }
    if (dgamma) dgamma[k] = (float)sums[k];
    if (dbeta) dbeta[k] = (float)sums[width + k];
  }
  return done(true);
}

}  // namespace

PyMethodDef row_methods[] = {
    METHOD(softmax), METHOD(softmax_gradient), METHOD(sparse_logits), METHOD(sparse_probabilities),
    METHOD(sparse_probabilities_gradient), METHOD(normalize_rows), METHOD(normalize_rows_gradient),
    {nullptr, nullptr, 0, nullptr},
};
