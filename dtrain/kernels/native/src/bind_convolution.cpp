#include "arguments.h"

namespace {

// Eighteen numbers: images n h w c, filters, kernel, strides, padding (top bottom left right), dilation, pool,
// activation.
Convolution take_convolution(Arguments &take) {
  Convolution s;
  long *fields[] = {&s.n, &s.h, &s.w, &s.c, &s.f, &s.kh, &s.kw, &s.sh, &s.sw, &s.top,
                    &s.bottom, &s.left, &s.right, &s.dh, &s.dw, &s.ph, &s.pw};
  for (long *field : fields) *field = take.integer();
  s.activation = (int)take.integer();
  s.oh = s.ow = 0;
  long sizes[] = {s.h, s.w, s.c, s.f, s.kh, s.kw, s.sh, s.sw, s.dh, s.dw, s.ph, s.pw};
  bool good = s.n >= 0 && s.top >= 0 && s.bottom >= 0 && s.left >= 0 && s.right >= 0 && s.ph * s.pw <= 256;
  for (long size : sizes) good = good && size > 0;
  if (!good) {
    take.refuse();
    return s;
  }
  s.oh = (s.h + s.top + s.bottom - s.dh * (s.kh - 1) - 1) / s.sh + 1;
  s.ow = (s.w + s.left + s.right - s.dw * (s.kw - 1) - 1) / s.sw + 1;
  if (s.oh < s.ph || s.ow < s.pw) take.refuse();
  return s;
}

long inputs(const Convolution &s) { return s.n * s.h * s.w * s.c; }
long weights_of(const Convolution &s) { return s.kh * s.kw * s.c * s.f; }
long outputs(const Convolution &s) { return s.n * (s.oh / s.ph) * (s.ow / s.pw) * s.f; }
long work(const Convolution &s) { return s.oh * s.ow * s.f * s.kh * s.kw * s.c / 8; }  // of an image, in values touched
long padded_to(long n, long lanes) { return (n + lanes - 1) / lanes * lanes; }

// (x, w, b or None, y, winner or None, numbers...)
KERNEL(convolve) {
  if (count != 23) return done(false);
  Arguments numbers(values + 5, 18);
  Convolution s = take_convolution(numbers);
  if (!numbers.fits()) return done(false);
  Arguments take(values, 5);
  long nx = inputs(s), nw = weights_of(s), nb = s.f, ny = outputs(s);
  const float *x = take.read(nx), *w = take.read(nw), *b = take.read(nb, true);
  float *y = take.write(ny);
  uint8_t *winner = take.write_bytes(ny, s.ph * s.pw == 1);
  if (!take.fits()) return done(false);
  Unlocked unlocked(work(s) * s.n);
  long wide = padded_to(s.f, active->lanes), each = padded_to(active->convolve_scratch(s), 16);
  int parts = threads::parts_for(s.n, work(s));
  long packed = padded_to(s.kh * s.kw * s.c * wide + wide, 16);
  Scratch scratch(packed + each * parts);
  float *weights = scratch.get(), *bias = weights + s.kh * s.kw * s.c * wide;
  active->pack(s, w, b, weights, bias);
  share(s.n, parts, [&](long begin, long end, int part) {
    active->convolve(s, x, weights, bias, y, winner, weights + packed + part * each, begin, end);
  });
  return done(true);
}

// dw = the sum of the groups' sums, without the filters' padding.
void collect(const float *sums, int groups, long apart, long rows, long f, long wide, float *dw) {
  for (long r = 0; r < rows; r++)
    for (long k = 0; k < f; k++) {
      float total = 0;
      for (int g = 0; g < groups; g++) total += sums[g * apart + r * wide + k];
      dw[r * f + k] = total;
    }
}

// (dy, x or None, w or None, y or None, winner or None, dx or None, dw or None, db or None, numbers...)
KERNEL(convolve_gradient) {
  if (count != 26) return done(false);
  Arguments numbers(values + 8, 18);
  Convolution s = take_convolution(numbers);
  if (!numbers.fits()) return done(false);
  Arguments take(values, 8);
  long nx = inputs(s), nw = weights_of(s), nb = s.f, ny = outputs(s);
  const float *dy = take.read(ny), *x = take.read(nx, true), *w = take.read(nw, true);
  const float *y = take.read(ny, s.activation == LINEAR);
  const uint8_t *winner = take.read_bytes(ny, s.ph * s.pw == 1);
  float *dx = take.write(nx, true), *dw = take.write(nw, true), *db = take.write(nb, true);
  if (!take.fits() || (dx && !w) || (dw && !x)) return done(false);
  Unlocked unlocked(work(s) * s.n);
  long wide = padded_to(s.f, active->lanes), channels = padded_to(s.c, active->lanes);
  long rows = s.kh * s.kw * s.c, turned_size = dx ? padded_to(s.kh * s.kw * s.f * channels, 16) : 0;
  long own = padded_to(active->convolve_gradient_scratch(s), 16), sums_size = padded_to((rows + 1) * wide, 16);
  int groups = threads::groups_for(s.n, 2 * work(s)), parts = groups < get_threads() ? groups : get_threads();
  Scratch scratch(turned_size + parts * own + groups * sums_size);
  float *turned = scratch.get(), *places = turned + turned_size, *sums = places + parts * own;
  if (dx) active->pack_turned(s, w, turned);
  share_groups(s.n, groups, [&](long begin, long end, int group, int part) {
    float *mine = sums + group * sums_size;
    for (long k = 0; k < sums_size; k++) mine[k] = 0;
    active->convolve_gradient(s, dy, x, turned, y, winner, dx, dw ? mine : nullptr, db ? mine + rows * wide : nullptr,
                              places + part * own, begin, end);
  });
  if (dw) collect(sums, groups, sums_size, rows, s.f, wide, dw);
  if (db) collect(sums + rows * wide, groups, sums_size, 1, s.f, wide, db);
  return done(true);
}

// A convolution of every channel with one kernel of its own: `filters` are the channels.
bool is_depthwise(const Convolution &s) { return s.f == s.c && s.ph * s.pw == 1; }
long depthwise_weights(const Convolution &s) { return s.kh * s.kw * s.c; }
long depthwise_work(const Convolution &s) { return s.oh * s.ow * s.c * s.kh * s.kw; }

// (x, w, y, numbers...)
KERNEL(depthwise) {
  if (count != 21) return done(false);
  Arguments numbers(values + 3, 18), take(values, 3);
  Convolution s = take_convolution(numbers);
  if (!numbers.fits() || !is_depthwise(s)) return done(false);
  long nx = inputs(s), nw = depthwise_weights(s), ny = outputs(s);
  const float *x = take.read(nx), *w = take.read(nw);
  float *y = take.write(ny);
  if (!take.fits()) return done(false);
  Unlocked unlocked(depthwise_work(s) * s.n);
  share_rows(s.n, depthwise_work(s), [&](long begin, long end) { active->depthwise(s, x, w, y, begin, end); });
  return done(true);
}

// (dy, w, dx, numbers...)
KERNEL(depthwise_input_gradient) {
  if (count != 21) return done(false);
  Arguments numbers(values + 3, 18), take(values, 3);
  Convolution s = take_convolution(numbers);
  if (!numbers.fits() || !is_depthwise(s)) return done(false);
  long nx = inputs(s), nw = depthwise_weights(s), ny = outputs(s);
  const float *dy = take.read(ny), *w = take.read(nw);
  float *dx = take.write(nx);
  if (!take.fits()) return done(false);
  Unlocked unlocked(depthwise_work(s) * s.n);
  share_rows(s.n, depthwise_work(s), [&](long begin, long end) {
    active->depthwise_input_gradient(s, dy, w, dx, begin, end);
  });
  return done(true);
}

// (dy, x, dw, numbers...)
KERNEL(depthwise_weight_gradient) {
  if (count != 21) return done(false);
  Arguments numbers(values + 3, 18), take(values, 3);
  Convolution s = take_convolution(numbers);
  if (!numbers.fits() || !is_depthwise(s)) return done(false);
  long nx = inputs(s), nw = depthwise_weights(s), ny = outputs(s);
  const float *dy = take.read(ny), *x = take.read(nx);
  float *dw = take.write(nw);
  if (!take.fits()) return done(false);
  Unlocked unlocked(depthwise_work(s) * s.n);
  int groups = threads::groups_for(s.n, depthwise_work(s));
  long own = padded_to(3 * nw, 16);  // sums in float64, then those of a row in float32
  Scratch scratch(own * groups);
  share_groups(s.n, groups, [&](long begin, long end, int group, int) {
    double *total = (double *)(scratch.get() + own * group);
    for (long k = 0; k < nw; k++) total[k] = 0;
    active->depthwise_weight_gradient(s, dy, x, total, (float *)(total + nw), begin, end);
  });
  for (long k = 0; k < nw; k++) {
    double total = 0;
    for (int g = 0; g < groups; g++) total += ((double *)(scratch.get() + own * g))[k];
    dw[k] = (float)total;
  }
  return done(true);
}

}  // namespace

PyMethodDef convolution_methods[] = {
    METHOD(convolve), METHOD(convolve_gradient), METHOD(depthwise), METHOD(depthwise_input_gradient),
    METHOD(depthwise_weight_gradient), {nullptr, nullptr, 0, nullptr},
};
