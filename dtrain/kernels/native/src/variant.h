// All kernels for one instruction set. The file that includes this one names it (VARIANT), gives the floats of a vector
// (LANES) and chooses the compiler's target.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

namespace VARIANT {
namespace {
#include "simd.h"
#include "elementwise.h"
#include "activations.h"
#include "optimizer.h"
#include "rows.h"
#include "losses.h"
#include "columns.h"
#include "recurrent.h"
#include "pooling.h"
#include "convolution.h"
#include "convolution_weights.h"
#include "convolution_gradient.h"
#include "depthwise.h"
}  // namespace
}  // namespace VARIANT

using namespace VARIANT;
const Table JOIN(VARIANT, _table) = {
    TEXT(VARIANT), LANES,
    activate, slope, bias_activate, slope_sum, mask, add, add_activate, all_finite, bytes_to_floats,
    errors, error_complements, gelu, gelu_gradient, gelu_tanh, gelu_tanh_gradient, silu, silu_gradient,
    sgd, momentum, adam, moments, descend, rmsprop, mean_square,
    softmax, softmax_gradient, sparse_logits, sparse_probabilities, sparse_probabilities_gradient,
    normalize_rows, normalize_rows_gradient,
    softmax_of_labels, softmax_of_labels_gradient, crossentropy, softmax_crossentropy_gradient,
    binary_probabilities, binary_probabilities_gradient, binary_logits,
    sigmoid_crossentropy, sigmoid_crossentropy_gradient,
    column_sums, affine, add_affine, gradient_sums,
    lstm_step, lstm_back, gru_gates, gru_step, gru_back,
    convolve, convolve_scratch, pack, pack_turned, convolve_gradient, convolve_gradient_scratch,
    depthwise, depthwise_input_gradient, depthwise_weight_gradient,
    max_pool, max_pool_gradient, average_pool, average_pool_gradient,
};
