// GELU by its tanh formula, alone and as a gate.
//
// 0.5 x (1 + tanh u) = x / (1 + exp(-2 u)), which needs one exponential and loses no digits.
#include "CKernels.h"

#include "Clones.h"

// 2 sqrt(2 / pi), and that times 0.044715.
#define LINEAR 1.5957691216057308f
#define CUBIC 0.07135481282952264f

KERNEL_INLINE float sigma_of(float x) {
  return 1.0f / (1.0f + exp_fast(-x * (LINEAR + CUBIC * x * x)));
}

// The derivative of x * sigma.
KERNEL_INLINE float slope_of(float x, float sigma) {
  return sigma + x * sigma * (1.0f - sigma) * (LINEAR + 3.0f * CUBIC * x * x);
}

KERNEL_CLONES
void kernel_gelu_forward(
    float *out, size_t out_stride, const float *x, size_t stride, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *x_r = x + r * stride;
    float *o = out + r * out_stride;
    for (size_t i = 0; i < width; i++) o[i] = x_r[i] * sigma_of(x_r[i]);
  }
}

KERNEL_CLONES
void kernel_gelu_backward(
    float *dx, size_t dx_stride, const float *dout, size_t dout_stride, const float *x,
    size_t stride, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *x_r = x + r * stride;
    const float *d = dout + r * dout_stride;
    float *dx_r = dx + r * dx_stride;
    for (size_t i = 0; i < width; i++) dx_r[i] = d[i] * slope_of(x_r[i], sigma_of(x_r[i]));
  }
}

KERNEL_CLONES
void kernel_gelu_gate_forward(
    float *out, size_t out_stride, const float *gate, const float *up, size_t stride, size_t rows,
    size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *g = gate + r * stride;
    const float *u = up + r * stride;
    float *o = out + r * out_stride;
    for (size_t i = 0; i < width; i++) o[i] = g[i] * sigma_of(g[i]) * u[i];
  }
}

KERNEL_CLONES
void kernel_gelu_gate_backward(
    float *dgate, float *dup, size_t d_stride, const float *dout, size_t dout_stride,
    const float *gate, const float *up, size_t stride, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *g = gate + r * stride;
    const float *u = up + r * stride;
    const float *d = dout + r * dout_stride;
    float *dg = dgate + r * d_stride;
    float *du = dup + r * d_stride;
    for (size_t i = 0; i < width; i++) {
      float sigma = sigma_of(g[i]);
      float dg_i = d[i] * u[i] * slope_of(g[i], sigma);
      float du_i = d[i] * g[i] * sigma;
      dg[i] = dg_i;
      du[i] = du_i;
    }
  }
}
