// The kernels for x86-64 processors with AVX2 and FMA (2013 and later).
#include "table.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define VARIANT avx2
#define LANES 8
#include "variant.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
