// The kernels for x86-64 processors with AVX-512 (servers of 2017 and later).
#include "table.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
#endif
#define VARIANT avx512
#define LANES 16
#include "variant.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
