// What a variant offers: the same functions, compiled for one instruction set.
//
// Sizes count float32 values unless a name says otherwise. Pointers that may be null are marked "or null". Functions
// that take `begin` and `end` do that part of the rows (images), so that threads can share them.
#pragma once
#include <cstdint>

enum Activation : int { LINEAR, RELU, SIGMOID, TANH };

// A convolution over images (n, h, w, c) with kernels (kh, kw, c, f) and, after it, maxima over cells of ph x pw.
struct Convolution {
  long n, h, w, c, f;
  long kh, kw, sh, sw;              // kernel, strides
  long top, bottom, left, right;    // padding
  long dh, dw;                      // dilation
  long ph, pw;                      // pool, 1 x 1 for none
  long oh, ow;                      // outputs before pooling
  int activation;
};

struct Pooling {
  long n, h, w, c;
  long kh, kw, sh, sw;
  long top, left;
  long oh, ow;
};

struct AdamSettings {
  double alpha, beta_1, beta_2, epsilon;  // 1 - beta is taken in double: beta is close to 1
};

struct Table {
  const char *name;
  int lanes;  // floats of a vector

  // elementwise
  void (*activate)(int activation, const float *x, float *y, long n);
  void (*slope)(int activation, const float *dy, const float *y, float *dx, long n);
  void (*bias_activate)(int activation, const float *b, float *y, long rows, long width);
  void (*slope_sum)(int activation, const float *dy, const float *y, float *g, float *db, long rows, long width);
  void (*mask)(const float *x, const uint8_t *mask, float scale, float *y, long n);
  void (*add)(const float *const *terms, int count, float *y, long begin, long end);
  void (*add_activate)(int activation, const float *x, float *y, long n);
  int (*all_finite)(const float *x, long begin, long end);
  void (*bytes_to_floats)(const uint8_t *x, float scale, float *y, long n);

  // activations that need more than their output for their slope: cdf, t, s
  void (*errors)(const float *x, float *y, long n);
  void (*error_complements)(const float *x, float *y, long n);
  void (*gelu)(const float *x, float *y, float *cdf, long n);
  void (*gelu_gradient)(const float *dy, const float *x, const float *cdf, float *dx, long n);
  void (*gelu_tanh)(const float *x, float *y, float *t, long n);
  void (*gelu_tanh_gradient)(const float *dy, const float *x, const float *t, float *dx, long n);
  void (*silu)(const float *x, float *y, float *s, long n);
  void (*silu_gradient)(const float *dy, const float *y, const float *s, float *dx, long n);

  // optimizer; `v_hat` or null
  void (*sgd)(float *w, const float *g, float rate, long n);
  void (*momentum)(float *w, const float *g, float *m, float rate, float momentum, int nesterov, long n);
  void (*adam)(float *w, const float *g, float *m, float *v, float *v_hat, AdamSettings s, long n);
  void (*moments)(const float *g, float *m, float *v, double beta_1, double beta_2, long n);
  void (*descend)(float *w, const float *m, const float *v, float alpha, float epsilon, long n);
  void (*rmsprop)(float *w, const float *g, float *v, float rate, double rho, float epsilon, long n);
  void (*mean_square)(const float *g, float *v, double rho, long n);

  // rows
  void (*softmax)(const float *x, float *y, long rows, long width);
  void (*softmax_gradient)(const float *dy, const float *y, float *dx, long rows, long width);
  void (*sparse_logits)(const float *x, const long *index, float *y, float *p, long rows, long width);
  void (*sparse_probabilities)(const float *x, const long *index, float *y, float *scale, float *q, long rows,
                               long width);
  void (*sparse_probabilities_gradient)(const float *dy, const long *index, const float *scale, const float *q,
                                        float *dx, long rows, long width);
  void (*normalize_rows)(const float *x, const float *gamma, const float *beta, float *y, float *mean, float *scale,
                         int center, float epsilon, long rows, long width);
  // dx or null; dgamma and dbeta are added to
  void (*normalize_rows_gradient)(const float *dy, const float *x, const float *gamma, const float *mean,
                                  const float *scale, float *dx, double *dgamma, double *dbeta, int center, long rows,
                                  long width);

  // losses
  void (*softmax_of_labels)(const float *x, const long *index, float *p, float *y, long begin, long end,
                            long width);
  void (*softmax_of_labels_gradient)(const float *dy, const long *index, const float *p, float *dx, long rows,
                                     long width);
  void (*crossentropy)(const float *t, const float *p, float *y, long rows, long width);
  void (*softmax_crossentropy_gradient)(const float *dy, const float *t, const float *p, float *dx, long rows,
                                        long width);
  void (*binary_probabilities)(const float *t, const float *p, float *y, long n);
  void (*binary_probabilities_gradient)(const float *dy, const float *t, const float *p, float *dx, long n);
  void (*binary_logits)(const float *t, const float *x, float *y, long n);
  void (*sigmoid_crossentropy)(const float *t, const float *x, float *p, float *y, long n);
  void (*sigmoid_crossentropy_gradient)(const float *dy, const float *t, const float *p, float *dx, long n);

  // columns: (rows, width), sums added to `total`; `centre` or null
  void (*column_sums)(const float *x, const float *centre, double *total, long rows, long width);
  void (*affine)(const float *x, const float *centre, const float *factor, const float *shift, float *y, long rows,
                 long width);
  void (*add_affine)(const float *g, const float *x, const float *centre, const float *factor, const float *shift,
                     float *y, long rows, long width);
  void (*gradient_sums)(const float *g, const float *x, const float *centre, const float *factor, float *dx,
                        double *total, double *product, long rows, long width);

  // recurrent, features by sequences: gates are blocks of n = units * sequences values
  void (*lstm_step)(float *gates, const float *sums, const float *before, float *c, float *tanh_c, float *h, long n);
  void (*lstm_back)(float *gates, const float *tanh_c, const float *before, const float *dh, float *dc, float *d,
                    long n);
  void (*gru_gates)(float *gates, const float *sums, long n);
  void (*gru_step)(const float *z, const float *factor, float *g, const float *add, const float *b, const float *h,
                   float *after, long units, long sequences);
  void (*gru_back)(const float *z, const float *g, const float *h, float *dh, float *d, long n);

  // images
  void (*convolve)(const Convolution &s, const float *x, const float *weights, const float *bias, float *y,
                   uint8_t *winner, float *scratch, long begin, long end);
  long (*convolve_scratch)(const Convolution &s);
  void (*pack)(const Convolution &s, const float *w, const float *b, float *weights, float *bias);
  void (*pack_turned)(const Convolution &s, const float *w, float *weights);
  // weights turned, dx, dw and db or null; dw (rows of `padded filters` values) and db are added to
  void (*convolve_gradient)(const Convolution &s, const float *dy, const float *x, const float *turned, const float *y,
                            const uint8_t *winner, float *dx, float *dw, float *db, float *scratch, long begin,
                            long end);
  long (*convolve_gradient_scratch)(const Convolution &s);
  void (*depthwise)(const Convolution &s, const float *x, const float *w, float *y, long begin, long end);
  void (*depthwise_input_gradient)(const Convolution &s, const float *dy, const float *w, float *dx, long begin,
                                   long end);
  void (*depthwise_weight_gradient)(const Convolution &s, const float *dy, const float *x, double *total, float *row,
                                    long begin, long end);
  void (*max_pool)(const Pooling &s, const float *x, float *y, uint8_t *winner, long begin, long end);
  void (*max_pool_gradient)(const Pooling &s, const float *dy, const uint8_t *winner, float *dx, long begin, long end);
  void (*average_pool)(const Pooling &s, const float *x, float *y, long begin, long end);
  void (*average_pool_gradient)(const Pooling &s, const float *dy, float *dx, long begin, long end);
};

extern const Table baseline_table;
#if defined(__x86_64__)
extern const Table avx2_table;
extern const Table avx512_table;
#endif
