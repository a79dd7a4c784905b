// Vectorised element-wise kernels of the learning core, and its fork-join pool.
//
// Legend: rows x width matrices are row-major; a `stride` is the distance in floats from one row
// to the next. Forward and backward kernels stand in pairs. No kernel fails.
#ifndef MORLAIF_CKERNELS_H
#define MORLAIF_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// ---- Normalisation: y = x * rstd * weight, rstd = 1 / sqrt(mean(x^2) + epsilon)

void kernel_rms_norm_forward(
    float *y, size_t y_stride, float *rstd, const float *x, size_t x_stride, const float *weight,
    size_t rows, size_t width, float epsilon);

// dx += gradient; dweight (may be NULL) += gradient.
void kernel_rms_norm_backward(
    float *dx, size_t dx_stride, float *dweight, const float *dy, size_t dy_stride, const float *x,
    size_t x_stride, const float *weight, const float *rstd, size_t rows, size_t width);

// ---- Normalisation by mean and deviation: y = (x - mean) * rstd * weight + bias,
// rstd = 1 / sqrt(variance + epsilon)

void kernel_layer_norm_forward(
    float *y, size_t y_stride, float *rstd, const float *x, size_t x_stride, const float *weight,
    const float *bias, size_t rows, size_t width, float epsilon);

// dx += gradient; dweight and dbias (both or neither NULL) += gradient.
void kernel_layer_norm_backward(
    float *dx, size_t dx_stride, float *dweight, float *dbias, const float *dy, size_t dy_stride,
    const float *x, size_t x_stride, const float *weight, const float *rstd, size_t rows,
    size_t width);

// ---- GELU by its tanh formula: out = x / (1 + exp(-2 u)), u = sqrt(2 / pi) (x + 0.044715 x^3)

void kernel_gelu_forward(
    float *out, size_t out_stride, const float *x, size_t stride, size_t rows, size_t width);

// dx may be the same memory as x.
void kernel_gelu_backward(
    float *dx, size_t dx_stride, const float *dout, size_t dout_stride, const float *x,
    size_t stride, size_t rows, size_t width);

// out = gelu(gate) * up
void kernel_gelu_gate_forward(
    float *out, size_t out_stride, const float *gate, const float *up, size_t stride, size_t rows,
    size_t width);

// dgate and dup may be the same memory as gate and up.
void kernel_gelu_gate_backward(
    float *dgate, float *dup, size_t d_stride, const float *dout, size_t dout_stride,
    const float *gate, const float *up, size_t stride, size_t rows, size_t width);

// ---- Gated activation: out = silu(gate) * up

void kernel_silu_gate_forward(
    float *out, size_t out_stride, const float *gate, const float *up, size_t stride, size_t rows,
    size_t width);

// dgate and dup may be the same memory as gate and up.
void kernel_silu_gate_backward(
    float *dgate, float *dup, size_t d_stride, const float *dout, size_t dout_stride,
    const float *gate, const float *up, size_t stride, size_t rows, size_t width);

// ---- Rotary positions, half-split pairs (i, i + head_width / 2), in place

// cosines and sines: (positions, head_width / 2). `direction` is 1 forward and -1 backward.
void kernel_rotary(
    float *x, size_t stride, const int32_t *positions, const float *cosines, const float *sines,
    size_t rows, size_t heads, size_t head_width, float direction);

// ---- Attention weights: row r sees its first limits[r] columns; the others become 0

void kernel_causal_softmax_forward(
    float *scores, size_t stride, const int32_t *limits, size_t rows, size_t columns, float scale);

// On entry d holds d(weights); on return d(scores), scale included.
void kernel_causal_softmax_backward(
    float *d, const float *weights, size_t stride, const int32_t *limits, size_t rows,
    size_t columns, float scale);

// ---- Language-model head

// z = logits * inverse_temperature; per row: log sum exp(z), z[target] - lse, entropy in nats.
// A target outside 0 ..< vocabulary yields a log-probability of 0.
void kernel_head_forward(
    double *log_sum, float *log_probability, float *entropy, const float *logits, size_t stride,
    const int32_t *targets, size_t rows, size_t vocabulary, float inverse_temperature);

// Logits become d(logits), from d(log-probability) and d(entropy) of each row.
void kernel_head_backward(
    float *logits, size_t stride, const double *log_sum, const float *entropy,
    const int32_t *targets, const float *d_log_probability, const float *d_entropy, size_t rows,
    size_t vocabulary, float inverse_temperature);

// ---- Sampling

float kernel_maximum(const float *x, size_t count);

// weights[i] = exp((logits[i] - maximum) * inverse_temperature); one sum per block of `block`.
void kernel_sampling_weights(
    float *weights, double *block_sums, const float *logits, size_t count, size_t block,
    float maximum, float inverse_temperature);

// ---- Optimiser and vector arithmetic

// Decoupled weight decay (AdamW); correction_1 = 1 - beta_1^t, correction_2 = 1 - beta_2^t.
// The gradient counts as multiplied by gradient_scale, which is how it is clipped in passing.
void kernel_adamw(
    float *parameter, float *first, float *second, const float *gradient, size_t count,
    float gradient_scale, float learning_rate, float beta_1, float beta_2, float epsilon,
    float weight_decay, float correction_1, float correction_2);

double kernel_sum_of_squares(const float *x, size_t count);
void kernel_add_scaled(float *y, const float *x, float scale, size_t count);
void kernel_scale(float *y, float scale, size_t count);
void kernel_add_row(float *y, size_t stride, const float *row, size_t rows, size_t width);
void kernel_exp(float *y, const float *x, size_t count);

// ---- Products with packed weights: y (rows, outputs) (+)= x (rows, inputs) * W^T
//
// W (outputs, inputs) lies in panels of kernel_panel_width outputs, the last padded with zeros:
// (panels, inputs, 32) for float32, and for bfloat16 (panels, inputs / 2, 32, 2), the pairs that
// AVX-512 multiplies. Products with bfloat16 weights round x to bfloat16 too and sum in float32.
// Each element of y is one sum in a fixed order, so its bits depend neither on how many rows travel
// together nor on who computes which part.

#define kernel_panel_width 32

typedef enum { kernel_f32, kernel_bf16 } kernel_element;

// The instructions that products may use: none beyond the architecture's, AVX2, AVX-512, and
// AVX-512 with bfloat16. On other architectures than x86-64 all are the first.
typedef enum {
  kernel_level_plain,
  kernel_level_v3,
  kernel_level_v4,
  kernel_level_v4_bf16
} kernel_level;

// The most that this processor has.
kernel_level kernel_level_detected(void);

// Packed weights: where they lie, 64-byte aligned, and what they are.
typedef struct {
  void *panels;
  size_t outputs;
  size_t inputs;
  kernel_element element;
  kernel_level level;
} kernel_packed;

size_t kernel_packed_bytes(kernel_element element, size_t outputs, size_t inputs);

// Fills the panels from (outputs, inputs).
void kernel_pack(const kernel_packed *w, const float *weights, size_t stride);

// Copies some outputs' weights out of the panels: (last_output - first_output, inputs).
void kernel_unpack(
    const kernel_packed *w, float *weights, size_t stride, size_t first_output,
    size_t last_output);

// Computes panels first_panel ..< last_panel of y, with memory of the calling thread's own.
void kernel_packed_multiply(
    float *y, size_t y_stride, const float *x, size_t x_stride, size_t rows,
    const kernel_packed *w, size_t first_panel, size_t last_panel, int accumulate);

// dx (rows, inputs) (+)= dy (rows, outputs) * W, columns 32 first_panel ..< 32 last_panel of dx.
void kernel_packed_multiply_transposed(
    float *dx, size_t dx_stride, const float *dy, size_t dy_stride, size_t rows,
    const kernel_packed *w, size_t first_panel, size_t last_panel, int accumulate);

// ---- Attention of one new position over cached keys and values

#define kernel_key_block 16

// A run of cached positions of one key-value head. Keys: (capacity / 16, head_width, 16).
// Values: (capacity, head_width). The first `skipped` positions, fewer than 16, are not seen.
typedef struct {
  const float *keys;
  const float *values;
  size_t count;
  size_t skipped;
} kernel_cache_run;

void kernel_cache_append(
    float *keys, float *values, size_t position, const float *key, const float *value,
    size_t head_width);

// `group` query heads share the key-value head. query, out: (group, head_width).
void kernel_cached_attention(
    float *out, const float *query, size_t group, size_t head_width, const kernel_cache_run *runs,
    size_t run_count, float scale);

// ---- Memory of the calling thread, for one kernel at a time

// At least `count` floats, 64-byte aligned, of any content; kept until the thread ends.
float *kernel_thread_scratch(size_t count);

// ---- Fork-join pool

typedef struct kernel_pool kernel_pool;
typedef void (*kernel_pool_body)(void *context, size_t index);

// A pool of `threads` threads, the caller among them; NULL when the system refuses.
kernel_pool *kernel_pool_create(size_t threads);

// Runs body(context, 0 ..< count), each index once, and returns when all are done. Indices are
// handed out in order. From inside a body, or while another thread uses the pool, it runs inline.
void kernel_pool_run(kernel_pool *pool, size_t count, kernel_pool_body body, void *context);

// Whether the calling thread is inside a body of any pool.
int kernel_pool_is_nested(void);

#endif
