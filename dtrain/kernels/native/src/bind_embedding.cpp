#include <cstdlib>
#include <cstring>

#include "arguments.h"

namespace {

// The row numbers of an embedding, of either width.
struct Rows {
  const void *values;
  int width;
  long operator[](long k) const {
    return width == 8 ? (long)((const int64_t *)values)[k] : ((const int32_t *)values)[k];
  }
  bool lie_below(long number, long rows) const {
    for (long k = 0; k < number; k++)
      if ((*this)[k] < 0 || (*this)[k] >= rows) return false;
    return true;
  }
};

// (x, w (V, width), y, width): y = w[x]
KERNEL(gather) {
  Arguments take(values, count);
  long number = -1, size = -1, n = -1;
  Rows x;
  x.values = take.read_integers(number, x.width);
  const float *w = take.read(size);
  float *y = take.write(n);
  long width = take.integer();
  if (!take.fits() || width < 1 || n != number * width || !x.lie_below(number, size / width)) return done(false);
  Unlocked unlocked(n);
  share_rows(number, width, [&](long a, long b) {
    for (long k = a; k < b; k++) memcpy(y + k * width, w + x[k] * width, width * sizeof(float));
  });
  return done(true);
}

// (x, dy, dw (V, width), width): dw[v] = the sum of the rows of dy whose number in x is v, in their order. Threads
// divide the rows of the table, so that the bits do not depend on how many there are.
KERNEL(scatter_add) {
  Arguments take(values, count);
  long number = -1, size = -1, n = -1;
  Rows x;
  x.values = take.read_integers(number, x.width);
  const float *dy = take.read(n);
  float *dw = take.write(size);
  long width = take.integer();
  if (!take.fits() || width < 1 || n != number * width || !x.lie_below(number, size / width)) return done(false);
  Unlocked unlocked(n + size);
  share_rows(size / width, width, [&](long a, long b) {
    Scratch seen((b - a) / 4 + 1);
    char *full = (char *)seen.get();
    memset(full, 0, b - a);
    for (long k = 0; k < number; k++) {
      long row = x[k];
      if (row < a || row >= b) continue;
      float *to = dw + row * width;
      if (full[row - a]) {
        const float *terms[] = {to, dy + k * width};
        active->add(terms, 2, to, 0, width);
      } else {
        memcpy(to, dy + k * width, width * sizeof(float));
        full[row - a] = 1;
      }
    }
    for (long row = a; row < b; row++)
      if (!full[row - a]) memset(dw + row * width, 0, width * sizeof(float));
  });
  return done(true);
}

}  // namespace

PyMethodDef embedding_methods[] = {METHOD(gather), METHOD(scatter_add), {nullptr, nullptr, 0, nullptr}};
