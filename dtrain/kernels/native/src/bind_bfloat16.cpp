#include <cstring>

#include "arguments.h"

namespace {

// (x, y): to the nearest, of two equally near ones to the even one; NaN stays NaN
KERNEL(to_bfloat16) {
  Arguments take(values, count);
  long n = -1;
  const float *x = take.read(n);
  uint16_t *y = take.write_halves(n);
  if (!take.fits()) return done(false);
  Unlocked unlocked(n);
  for (long i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    y[i] = (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? 0x7FC0 : rounded);
  }
  return done(true);
}

}  // namespace

PyMethodDef bfloat16_methods[] = {
    METHOD(to_bfloat16),
    {nullptr, nullptr, 0, nullptr},
};
