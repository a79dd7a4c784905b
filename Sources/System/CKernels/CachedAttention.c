// Attention of one new position over cached keys and values.
//
// Keys lie in blocks of 16 positions, transposed, so that a block's 16 scores fill one vector
// without sums across lanes. Values lie as rows.
#include "CKernels.h"

#include <math.h>

#include "Clones.h"

enum { BLOCK = kernel_key_block };

void kernel_cache_append(
    float *keys, float *values, size_t position, const float *key, const float *value,
    size_t head_width) {
  float *block = keys + position / BLOCK * BLOCK * head_width + position % BLOCK;
  for (size_t i = 0; i < head_width; i++) block[i * BLOCK] = key[i];
  float *row = values + position * head_width;
  for (size_t i = 0; i < head_width; i++) row[i] = value[i];
}

// The scores of one block for `group` query heads; with `group` known when compiled, the sums stay
// in registers.
KERNEL_INLINE void block_scores(
    float *scores, size_t stride, const float *query, const float *block, size_t group,
    size_t head_width) {
  float sums[8][BLOCK];
  for (size_t g = 0; g < group; g++)
    for (int l = 0; l < BLOCK; l++) sums[g][l] = 0;
  for (size_t i = 0; i < head_width; i++) {
    for (size_t g = 0; g < group; g++) {
      float q = query[g * head_width + i];
      for (int l = 0; l < BLOCK; l++) sums[g][l] += q * block[i * BLOCK + l];
    }
  }
  for (size_t g = 0; g < group; g++)
    for (int l = 0; l < BLOCK; l++) scores[g * stride + l] = sums[g][l];
}

// Adds weights * values of one run to `group` outputs, 16 columns at a time.
KERNEL_INLINE void add_values(
    float *out, const float *weights, size_t stride, const float *values, size_t count,
    size_t group, size_t head_width) {
  size_t column = 0;
  for (; column + BLOCK <= head_width; column += BLOCK) {
    float sums[8][BLOCK];
    for (size_t g = 0; g < group; g++)
      for (int l = 0; l < BLOCK; l++) sums[g][l] = out[g * head_width + column + l];
    for (size_t p = 0; p < count; p++) {
      const float *row = values + p * head_width + column;
      for (size_t g = 0; g < group; g++) {
        float w = weights[g * stride + p];
        for (int l = 0; l < BLOCK; l++) sums[g][l] += w * row[l];
      }
    }
    for (size_t g = 0; g < group; g++)
      for (int l = 0; l < BLOCK; l++) out[g * head_width + column + l] = sums[g][l];
  }
  for (; column < head_width; column++) {
    for (size_t p = 0; p < count; p++) {
      for (size_t g = 0; g < group; g++)
        out[g * head_width + column] += weights[g * stride + p] * values[p * head_width + column];
    }
  }
}

KERNEL_INLINE void attend_group(
    float *out, const float *query, size_t group, size_t head_width, const kernel_cache_run *runs,
    size_t run_count, float scale, float *scores, size_t stride) {
  KERNEL_REASSOCIATE
  size_t at = 0;
  for (size_t r = 0; r < run_count; r++) {
    for (size_t p = 0; p < runs[r].count; p += BLOCK) {
      block_scores(
          scores + at + p, stride, query, runs[r].keys + p * head_width, group, head_width);
      // Lanes beyond the last position hold leftovers; they must not win the maximum.
      for (size_t l = runs[r].count - p; l < BLOCK; l++)
        for (size_t g = 0; g < group; g++) scores[g * stride + at + p + l] = -INFINITY;
    }
    for (size_t l = 0; l < runs[r].skipped; l++)
      for (size_t g = 0; g < group; g++) scores[g * stride + at + l] = -INFINITY;
    at += (runs[r].count + BLOCK - 1) / BLOCK * BLOCK;
  }
  for (size_t g = 0; g < group; g++) {
    float *row = scores + g * stride;
    float best = kernel_maximum(row, at);
    float sum = 0;
    for (size_t i = 0; i < at; i++) {
      // exp_fast clamps, so the empty lanes are told apart by their value.
      float e = row[i] == -INFINITY ? 0 : exp_fast((row[i] - best) * scale);
      row[i] = e;
      sum += e;
    }
    float inverse = 1.0f / sum;
    for (size_t i = 0; i < at; i++) row[i] *= inverse;
    for (size_t i = 0; i < head_width; i++) out[g * head_width + i] = 0;
  }
  at = 0;
  for (size_t r = 0; r < run_count; r++) {
    add_values(out, scores + at, stride, runs[r].values, runs[r].count, group, head_width);
    at += (runs[r].count + BLOCK - 1) / BLOCK * BLOCK;
  }
}

KERNEL_CLONES
void kernel_cached_attention(
    float *out, const float *query, size_t group, size_t head_width, const kernel_cache_run *runs,
    size_t run_count, float scale) {
  KERNEL_REASSOCIATE
  size_t stride = 0;
  for (size_t r = 0; r < run_count; r++) stride += (runs[r].count + BLOCK - 1) / BLOCK * BLOCK;
  float *scratch = kernel_thread_scratch(4 * stride);
  // Groups of up to four heads at a time, the sizes that models have.
  while (group > 0) {
    size_t now = group >= 4 ? 4 : group;
    switch (now) {
      case 4: attend_group(out, query, 4, head_width, runs, run_count, scale, scratch, stride); break;
      case 3: attend_group(out, query, 3, head_width, runs, run_count, scale, scratch, stride); break;
      case 2: attend_group(out, query, 2, head_width, runs, run_count, scale, scratch, stride); break;
      default: attend_group(out, query, 1, head_width, runs, run_count, scale, scratch, stride);
    }
    out += now * head_width;
    query += now * head_width;
    group -= now;
  }
}
