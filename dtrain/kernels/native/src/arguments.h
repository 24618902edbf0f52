// What a Python call hands over: arrays by the buffer protocol, numbers, and whether the kernels can take them.
//
// A function of the module returns True when it did the work, and False when it cannot take these arrays (other dtypes,
// strides, sizes that do not match): the caller then lets NumPy do it, or complain.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "table.h"
#include "threads.h"

extern const Table *active;

class Arguments {
 public:
  Arguments(PyObject *const *values, Py_ssize_t count) : values_(values), count_(count) {}
  Arguments(const Arguments &) = delete;
  ~Arguments() {
    for (int k = 0; k < held_; k++) PyBuffer_Release(&buffers_[k]);
  }

  // The next argument, a contiguous array, which must have `size` values unless size is -1 and may be None (null) if
  // `optional`; the number of its values is in `size` afterwards.
  const float *read(long &size, bool optional = false) { return (const float *)array(size, "f", 4, false, optional); }
  float *write(long &size, bool optional = false) { return (float *)array(size, "f", 4, true, optional); }
  double *write_doubles(long &size) { return (double *)array(size, "d", 8, true, false); }
  const uint8_t *read_bytes(long &size, bool optional = false) {
    return (const uint8_t *)array(size, "?B", 1, false, optional);
  }
  uint8_t *write_bytes(long &size, bool optional = false) {
    return (uint8_t *)array(size, "?B", 1, true, optional);
  }
  uint16_t *write_halves(long &size) { return (uint16_t *)array(size, "H", 2, true, false); }
  const long *read_index(long &size) { return (const long *)array(size, "lq", 8, false, false); }
  long *write_index(long &size) { return (long *)array(size, "lq", 8, true, false); }
  // Integers of 4 or 8 bytes, or (with `bytes`) of one without a sign; `width` tells which.
  const void *read_integers(long &size, int &width, bool bytes = false);

  long integer();
  double number();
  PyObject *object() { return at_ < count_ ? values_[at_++] : missing(); }

  // The shape of the array that was taken last.
  long length(int axis) const { return axis < last_->ndim ? last_->shape[axis] : 1; }
  int axes() const { return last_->ndim; }

  bool fits() const { return fits_ && at_ == count_; }
  void refuse() { fits_ = false; }

 private:
  // An `itemsize` of 0 takes that of the array.
  void *array(long &size, const char *formats, int itemsize, bool writable, bool optional);
  PyObject *missing() {
    fits_ = false;
    return Py_None;
  }

  PyObject *const *values_;
  Py_ssize_t count_, at_ = 0;
  Py_buffer buffers_[20];
  Py_buffer *last_ = buffers_;
  int held_ = 0;
  bool fits_ = true;
};

// Lets other Python threads run while enough work is done to be worth it. Holding on for a few microseconds is better
// than to queue up again behind a thread that keeps the lock for milliseconds.
class Unlocked {
 public:
  explicit Unlocked(long work) : state_(work > (1 << 14) ? PyEval_SaveThread() : nullptr) {}
  Unlocked(const Unlocked &) = delete;
  ~Unlocked() {
    if (state_) PyEval_RestoreThread(state_);
  }

 private:
  PyThreadState *state_;
};

// Memory for the length of a call, in cache lines.
class Scratch {
 public:
  explicit Scratch(long floats);
  Scratch(const Scratch &) = delete;
  ~Scratch();
  float *get() const { return memory_; }

 private:
  float *memory_;
};

// Whether all places lie in an array of `size` values.
inline bool lie_within(const long *index, long count, long size) {
  for (long k = 0; k < count; k++)
    if (index[k] < 0 || index[k] >= size) return false;
  return true;
}

inline PyObject *done(bool did) { return PyBool_FromLong(did); }

#define KERNEL(name) PyObject *name(PyObject *, PyObject *const *values, Py_ssize_t count)
#define METHOD(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, nullptr}

extern PyMethodDef elementwise_methods[], optimizer_methods[], row_methods[], column_methods[], recurrent_methods[],
    pooling_methods[], convolution_methods[], embedding_methods[], bfloat16_methods[],
    activation_methods[], loss_methods[];
