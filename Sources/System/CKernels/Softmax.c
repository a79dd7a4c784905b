// Softmax over attention scores and over the vocabulary.
#include "CKernels.h"

#include <math.h>

#include "Clones.h"

// The longest run summed in float before the sum moves to double.
enum { RUN = 512 };

KERNEL_CLONES
float kernel_maximum(const float *x, size_t count) {
  KERNEL_REASSOCIATE
  float lanes[16];
  for (int l = 0; l < 16; l++) lanes[l] = -INFINITY;
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int l = 0; l < 16; l++) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
  }
  float best = -INFINITY;
  for (; i < count; i++) best = x[i] > best ? x[i] : best;
  for (int l = 0; l < 16; l++) best = lanes[l] > best ? lanes[l] : best;
  return best;
}

KERNEL_CLONES
void kernel_causal_softmax_forward(
    float *scores, size_t stride, const int32_t *limits, size_t rows, size_t columns, float scale) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    float *s = scores + r * stride;
    size_t limit = (size_t)limits[r];
    float best = kernel_maximum(s, limit);
    float sum = 0;
    for (size_t i = 0; i < limit; i++) {
      float e = exp_fast((s[i] - best) * scale);
      s[i] = e;
      sum += e;
    }
    float inverse = 1.0f / sum;
    for (size_t i = 0; i < limit; i++) s[i] *= inverse;
    for (size_t i = limit; i < columns; i++) s[i] = 0;
  }
}

KERNEL_CLONES
void kernel_causal_softmax_backward(
    float *d, const float *weights, size_t stride, const int32_t *limits, size_t rows,
    size_t columns, float scale) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    float *d_r = d + r * stride;
    const float *w = weights + r * stride;
    size_t limit = (size_t)limits[r];
    float dot = 0;
    for (size_t i = 0; i < limit; i++) dot += d_r[i] * w[i];
    for (size_t i = 0; i < limit; i++) d_r[i] = w[i] * (d_r[i] - dot) * scale;
    for (size_t i = limit; i < columns; i++) d_r[i] = 0;
  }
}

KERNEL_CLONES
void kernel_head_forward(
    double *log_sum, float *log_probability, float *entropy, const float *logits, size_t stride,
    const int32_t *targets, size_t rows, size_t vocabulary, float inverse_temperature) {
  KERNEL_REASSOCIATE
  for (size_t r = 0; r < rows; r++) {
    const float *z = logits + r * stride;
    float best = kernel_maximum(z, vocabulary);
    double sum = 0, moment = 0;
    for (size_t start = 0; start < vocabulary; start += RUN) {
      size_t end = start + RUN < vocabulary ? start + RUN : vocabulary;
      float run_sum = 0, run_moment = 0;
      for (size_t i = start; i < end; i++) {
        float distance = (z[i] - best) * inverse_temperature;
        float e = exp_fast(distance);
        run_sum += e;
        run_moment += e * distance;
      }
      sum += (double)run_sum;
      moment += (double)run_moment;
    }
    double log_of_sum = log(sum);
    double lse = (double)best * (double)inverse_temperature + log_of_sum;
    int32_t target = targets[r];
    int inside = target >= 0 && (size_t)target < vocabulary;
    log_sum[r] = lse;
    log_probability[r] =
        inside ? (float)((double)z[target] * (double)inverse_temperature - lse) : 0;
    // H = log sum e^d - (sum e^d d) / (sum e^d), with d the distance to the largest.
    entropy[r] = (float)(log_of_sum - moment / sum);
  }
}

KERNEL_CLONES
void kernel_head_backward(
    float *logits, size_t stride, const double *log_sum, const float *entropy,
    const int32_t *targets, const float *d_log_probability, const float *d_entropy, size_t rows,
    size_t vocabulary, float inverse_temperature) {
  for (size_t r = 0; r < rows; r++) {
    float *z = logits + r * stride;
    int32_t target = targets[r];
    int inside = target >= 0 && (size_t)target < vocabulary;
    float d_lp = inside ? d_log_probability[r] : 0;
    float d_h = d_entropy ? d_entropy[r] : 0;
    // The sum is taken off in two parts so that no digits are lost when it is large.
    float offset = (float)log_sum[r];
    float rest = (float)(log_sum[r] - (double)offset);
    float h = entropy[r];
    for (size_t i = 0; i < vocabulary; i++) {
      float log_p = (z[i] * inverse_temperature - offset) - rest;
      float p = exp_fast(log_p);
      z[i] = -inverse_temperature * p * (d_lp + d_h * (log_p + h));
    }
    if (inside) z[target] += inverse_temperature * d_lp;
  }
}

KERNEL_CLONES
void kernel_sampling_weights(
    float *weights, double *block_sums, const float *logits, size_t count, size_t block,
    float maximum, float inverse_temperature) {
  KERNEL_REASSOCIATE
  for (size_t start = 0, b = 0; start < count; start += block, b++) {
    size_t end = start + block < count ? start + block : count;
    float sum = 0;
    for (size_t i = start; i < end; i++) {
      float e = exp_fast((logits[i] - maximum) * inverse_temperature);
      weights[i] = e;
      sum += e;
    }
    block_sums[b] = (double)sum;
  }
}
