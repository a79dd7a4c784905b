// Norms, gated activation, rotary positions, and vector arithmetic.
#include "CKernels.h"

#include <math.h>

#include "Clones.h"

KERNEL_CLONES
void kernel_rms_norm_forward(
    float *y, size_t y_stride, float *rstd, const float *x, size_t x_stride, const float *weight,
    size_t rows, size_t width, float epsilon) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    const float *x_r = x + r * x_stride;
    float *y_r = y + r * y_stride;
    float sum = 0;
    for (size_t i = 0; i < width; i++) sum += x_r[i] * x_r[i];
    float scale = (float)(1.0 / sqrt((double)sum / (double)width + (double)epsilon));
    for (size_t i = 0; i < width; i++) y_r[i] = x_r[i] * scale * weight[i];
    if (rstd) rstd[r] = scale;
  }
}

KERNEL_CLONES
void kernel_rms_norm_backward(
    float *dx, size_t dx_stride, float *dweight, const float *dy, size_t dy_stride, const float *x,
    size_t x_stride, const float *weight, const float *rstd, size_t rows, size_t width) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    const float *x_r = x + r * x_stride;
    const float *dy_r = dy + r * dy_stride;
    float *dx_r = dx + r * dx_stride;
    float scale = rstd[r];
    float dot = 0;
    for (size_t i = 0; i < width; i++) dot += dy_r[i] * weight[i] * x_r[i];
    float shift = dot * scale * scale * scale / (float)width;
    for (size_t i = 0; i < width; i++) dx_r[i] += dy_r[i] * weight[i] * scale - x_r[i] * shift;
    if (dweight) {
      for (size_t i = 0; i < width; i++) dweight[i] += dy_r[i] * x_r[i] * scale;
    }
  }
}

KERNEL_CLONES
void kernel_silu_gate_forward(
    float *out, size_t out_stride, const float *gate, const float *up, size_t stride, size_t rows,
    size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *g = gate + r * stride;
    const float *u = up + r * stride;
    float *o = out + r * out_stride;
    for (size_t i = 0; i < width; i++) o[i] = g[i] / (1.0f + exp_fast(-g[i])) * u[i];
  }
}

KERNEL_CLONES
void kernel_silu_gate_backward(
    float *dgate, float *dup, size_t d_stride, const float *dout, size_t dout_stride,
    const float *gate, const float *up, size_t stride, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    const float *g = gate + r * stride;
    const float *u = up + r * stride;
    const float *d = dout + r * dout_stride;
    float *dg = dgate + r * d_stride;
    float *du = dup + r * d_stride;
    for (size_t i = 0; i < width; i++) {
      float sigma = 1.0f / (1.0f + exp_fast(-g[i]));
      float silu = g[i] * sigma;
      float dg_i = d[i] * u[i] * (sigma + silu * (1.0f - sigma));
      float du_i = d[i] * silu;
      dg[i] = dg_i;
      du[i] = du_i;
    }
  }
}

KERNEL_CLONES
void kernel_rotary(
    float *x, size_t stride, const int32_t *positions, const float *cosines, const float *sines,
    size_t rows, size_t heads, size_t head_width, float direction) {
  size_t half = head_width / 2;
  for (size_t r = 0; r < rows; r++) {
    const float *c = cosines + (size_t)positions[r] * half;
    const float *s = sines + (size_t)positions[r] * half;
    for (size_t h = 0; h < heads; h++) {
      float *a = x + r * stride + h * head_width;
      float *b = a + half;
      for (size_t i = 0; i < half; i++) {
        float a_i = a[i], b_i = b[i], s_i = s[i] * direction;
        a[i] = a_i * c[i] - b_i * s_i;
        b[i] = b_i * c[i] + a_i * s_i;
      }
    }
  }
}

KERNEL_CLONES
void kernel_adamw(
    float *parameter, float *first, float *second, const float *gradient, size_t count,
    float gradient_scale, float learning_rate, float beta_1, float beta_2, float epsilon,
    float weight_decay, float correction_1, float correction_2) {
  float step = learning_rate / correction_1;
  float root = 1.0f / sqrtf(correction_2);
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i] * gradient_scale;
    float m = beta_1 * first[i] + (1.0f - beta_1) * g;
    float v = beta_2 * second[i] + (1.0f - beta_2) * g * g;
    first[i] = m;
    second[i] = v;
    float decayed = parameter[i] - learning_rate * weight_decay * parameter[i];
    parameter[i] = decayed - step * m / (__builtin_sqrtf(v) * root + epsilon);
  }
}

// Sums in float over runs short enough to stay exact to rounding, and in double over the runs.
KERNEL_CLONES
double kernel_sum_of_squares(const float *x, size_t count) {
  KERNEL_REASSOCIATE
  double total = 0;
  for (size_t start = 0; start < count; start += 512) {
    size_t end = start + 512 < count ? start + 512 : count;
    float sum = 0;
    for (size_t i = start; i < end; i++) sum += x[i] * x[i];
    total += (double)sum;
  }
  return total;
}

KERNEL_CLONES
void kernel_add_scaled(float *y, const float *x, float scale, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] += scale * x[i];
}

KERNEL_CLONES
void kernel_scale(float *y, float scale, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] *= scale;
}

KERNEL_CLONES
void kernel_add_row(float *y, size_t stride, const float *row, size_t rows, size_t width) {
  for (size_t r = 0; r < rows; r++) {
    float *y_r = y + r * stride;
    for (size_t i = 0; i < width; i++) y_r[i] += row[i];
  }
}

KERNEL_CLONES
void kernel_exp(float *y, const float *x, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = exp_fast(x[i]);
}
