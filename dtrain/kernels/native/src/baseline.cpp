// The kernels for every processor of the architecture: SSE2 on x86-64, NEON on ARM.
#include "table.h"

#define VARIANT baseline
#define LANES 4
#include "variant.h"
