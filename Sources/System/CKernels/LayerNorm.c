// Normalisation by mean and deviation.
#include "CKernels.h"

#include <math.h>

#include "Clones.h"

KERNEL_INLINE float mean_of(const float *x, size_t width) {
  KERNEL_REASSOCIATE
  float sum = 0;
  for (size_t i = 0; i < width; i++) sum += x[i];
  return sum / (float)width;
}

KERNEL_CLONES
void kernel_layer_norm_forward(
    float *y, size_t y_stride, float *rstd, const float *x, size_t x_stride, const float *weight,
    const float *bias, size_t rows, size_t width, float epsilon) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    const float *x_r = x + r * x_stride;
    float *y_r = y + r * y_stride;
    float mean = mean_of(x_r, width);
    float sum = 0;
    for (size_t i = 0; i < width; i++) sum += (x_r[i] - mean) * (x_r[i] - mean);
    float scale = (float)(1.0 / sqrt((double)sum / (double)width + (double)epsilon));
    for (size_t i = 0; i < width; i++) y_r[i] = (x_r[i] - mean) * scale * weight[i] + bias[i];
    rstd[r] = scale;
  }
}

KERNEL_CLONES
void kernel_layer_norm_backward(
    float *dx, size_t dx_stride, float *dweight, float *dbias, const float *dy, size_t dy_stride,
    const float *x, size_t x_stride, const float *weight, const float *rstd, size_t rows,
    size_t width) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    const float *x_r = x + r * x_stride;
    const float *dy_r = dy + r * dy_stride;
    float *dx_r = dx + r * dx_stride;
    float scale = rstd[r];
    // The mean is cheaper to compute again than to keep.
    float mean = mean_of(x_r, width);
    float sum = 0, dot = 0;
    for (size_t i = 0; i < width; i++) {
      float g = dy_r[i] * weight[i];
      sum += g;
      dot += g * (x_r[i] - mean);
    }
    float shift = sum / (float)width;
    float tilt = dot * scale * scale / (float)width;
    for (size_t i = 0; i < width; i++)
      dx_r[i] += (dy_r[i] * weight[i] - shift - (x_r[i] - mean) * tilt) * scale;
    if (dweight) {
      for (size_t i = 0; i < width; i++) {
        dweight[i] += dy_r[i] * (x_r[i] - mean) * scale;
        dbias[i] += dy_r[i];
      }
    }
  }
}
