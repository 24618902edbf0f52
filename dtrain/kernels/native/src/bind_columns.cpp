#include "arguments.h"

namespace {

// f(first row, last row, sums) for groups of rows; total = the sums of all groups, `number` of each.
template <class F>
void reduce_rows(long rows, long cost, long number, double *total, F f) {
  int groups = threads::groups_for(rows, cost);
  Scratch scratch(2 * number * groups);
  double *sums = (double *)scratch.get();
  share_groups(rows, groups, [&](long a, long b, int group, int) {
    double *mine = sums + number * group;
    for (long k = 0; k < number; k++) mine[k] = 0;
    f(a, b, mine);
  });
  for (long k = 0; k < number; k++) {
    total[k] = sums[k];
    for (int g = 1; g < groups; g++) total[k] += sums[number * g + k];
  }
}

// (x (rows, width), centre or None, share, part): part = share * sums of x, or of (x - centre)**2
KERNEL(column_sums) {
  Arguments take(values, count);
  long n = -1, width = -1;
  const float *x = take.read(n);
  const float *centre = take.read(width, true);
  double factor = take.number();
  float *part = take.write(width);
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  Scratch scratch(2 * width);
  double *total = (double *)scratch.get();
  reduce_rows(n / width, width, width, total,
              [&](long a, long b, double *sums) { active->column_sums(x + a * width, centre, sums, b - a, width); });
  for (long k = 0; k < width; k++) part[k] = (float)(total[k] * factor);
  return done(true);
}

// (x (rows, width), centre, factor, shift, y)
KERNEL(affine) {
  Arguments take(values, count);
  long n = -1, width = -1;
  const float *x = take.read(n), *centre = take.read(width), *factor = take.read(width), *shift = take.read(width);
  float *y = take.write(n);
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  share_rows(n / width, width, [&](long a, long b) {
    active->affine(x + a * width, centre, factor, shift, y + a * width, b - a, width);
  });
  return done(true);
}

// (g, x (rows, width), centre, factor, shift, y)
KERNEL(add_affine) {
  Arguments take(values, count);
  long n = -1, width = -1;
  const float *g = take.read(n), *x = take.read(n), *centre = take.read(width), *factor = take.read(width);
  const float *shift = take.read(width);
  float *y = take.write(n);
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  share_rows(n / width, width, [&](long a, long b) {
    active->add_affine(g + a * width, x + a * width, centre, factor, shift, y + a * width, b - a, width);
  });
  return done(true);
}

// (g, x (rows, width), centre, factor, dx or None, total, product): the sums are float64
KERNEL(gradient_sums) {
  Arguments take(values, count);
  long n = -1, width = -1;
  const float *g = take.read(n), *x = take.read(n), *centre = take.read(width), *factor = take.read(width);
  float *dx = take.write(n, true);
  double *total = take.write_doubles(width), *product = take.write_doubles(width);
  if (!take.fits() || width < 1 || n % width) return done(false);
  Unlocked unlocked(n);
  Scratch scratch(4 * width);
  double *both = (double *)scratch.get();
  reduce_rows(n / width, 2 * width, 2 * width, both, [&](long a, long b, double *sums) {
    active->gradient_sums(g + a * width, x + a * width, centre, factor, dx ? dx + a * width : nullptr, sums,
                          sums + width, b - a, width);
  });
  for (long k = 0; k < width; k++) {
    total[k] = both[k];
    product[k] = both[width + k];
  }
  return done(true);
}

}  // namespace

PyMethodDef column_methods[] = {
    METHOD(column_sums), METHOD(affine), METHOD(add_affine), METHOD(gradient_sums), {nullptr, nullptr, 0, nullptr},
};
