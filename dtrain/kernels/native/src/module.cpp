// The extension module `dtrain.kernels.native._native`: the kernels of the best instruction set of this processor.
#include <cstring>

#include "arguments.h"

const Table *active = &baseline_table;

namespace {

const Table *tables[4];  // those that this processor can run, the best one last
int table_count = 0;

void find_tables() {
  tables[table_count++] = &baseline_table;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  tables[table_count++] = &avx2_table;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    tables[table_count++] = &avx512_table;
#endif
}

PyObject *instruction_sets(PyObject *, PyObject *) {
  PyObject *names = PyTuple_New(table_count);
  for (int k = 0; names && k < table_count; k++) PyTuple_SetItem(names, k, PyUnicode_FromString(tables[k]->name));
  return names;
}

PyObject *instruction_set(PyObject *, PyObject *) { return PyUnicode_FromString(active->name); }

PyObject *use(PyObject *, PyObject *name) {
  const char *wanted = PyUnicode_AsUTF8AndSize(name, nullptr);
  if (!wanted) return nullptr;
  for (int k = 0; k < table_count; k++)
    if (!strcmp(tables[k]->name, wanted)) {
      active = tables[k];
      Py_RETURN_NONE;
    }
  return PyErr_Format(PyExc_ValueError, "use: this processor has no instruction set of that name. Received: %R", name);
}

PyObject *limit_threads(PyObject *, PyObject *number) {
  long count = PyLong_AsLong(number);
  if (count == -1 && PyErr_Occurred()) return nullptr;
  set_threads((int)count);
  Py_RETURN_NONE;
}

PyObject *thread_limit(PyObject *, PyObject *) { return PyLong_FromLong(get_threads()); }

PyMethodDef methods[] = {
    {"instruction_sets", instruction_sets, METH_NOARGS, "Names of the usable instruction sets, the best one last."},
    {"instruction_set", instruction_set, METH_NOARGS, "The name of the instruction set in use."},
    {"use", use, METH_O, "Use the instruction set of this name."},
    {"limit_threads", limit_threads, METH_O, "Use at most this many threads."},
    {"thread_limit", thread_limit, METH_NOARGS, "The most threads that are used."},
    {nullptr, nullptr, 0, nullptr},
};

int execute(PyObject *module) {
  if (!table_count) find_tables();
  active = tables[table_count - 1];
  PyMethodDef *all[] = {elementwise_methods, optimizer_methods,   row_methods,       column_methods,  recurrent_methods,
                        pooling_methods,     convolution_methods, embedding_methods, bfloat16_methods,
                        activation_methods,  loss_methods};
  for (PyMethodDef *some : all)
    if (PyModule_AddFunctions(module, some)) return -1;
  return 0;
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)execute}, {0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", "Compiled kernels.", 0, methods, slots, nullptr, nullptr,
                          nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__native() { return PyModuleDef_Init(&definition); }
