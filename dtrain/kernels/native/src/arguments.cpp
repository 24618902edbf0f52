#include "arguments.h"

#include <cstdlib>
#include <cstring>

void *Arguments::array(long &size, const char *formats, int itemsize, bool writable, bool optional) {
  PyObject *value = object();
  if (!fits_) return nullptr;
  if (value == Py_None) {
    fits_ = optional;
    return nullptr;
  }
  Py_buffer *buffer = &buffers_[held_];
  if (PyObject_GetBuffer(value, buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0))) {
    PyErr_Clear();
    fits_ = false;
    return nullptr;
  }
  held_++;
  last_ = buffer;
  if (!itemsize) itemsize = (int)buffer->itemsize;
  long found = buffer->len / itemsize;
  const char *format = buffer->format;
  bool known = format && format[0] && !format[1] && strchr(formats, format[0]) && buffer->itemsize == itemsize;
  if (!known || (size >= 0 && size != found)) {
    fits_ = false;
    return nullptr;
  }
  size = found;
  return buffer->buf;
}

const void *Arguments::read_integers(long &size, int &width, bool bytes) {
  const void *values = array(size, bytes ? "ilqB" : "ilq", 0, false, false);
  width = values ? (int)last_->itemsize : 0;
  return values;
}

long Arguments::integer() {
  long value = PyLong_AsLong(object());
  if (value == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    fits_ = false;
  }
  return value;
}

double Arguments::number() {
  double value = PyFloat_AsDouble(object());
  if (value == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    fits_ = false;
  }
  return value;
}

Scratch::Scratch(long floats) {
  void *memory = nullptr;
  memory_ = posix_memalign(&memory, 64, (floats + 16) * sizeof(float)) ? nullptr : (float *)memory;
}
Scratch::~Scratch() { free(memory_); }
