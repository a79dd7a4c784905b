// Products with packed weights, for few rows: the weights stream through once, in order, and each
// panel of 32 outputs meets all rows while it is in the cache.
//
// OpenBLAS packs the weights anew at every call, which costs a third of the time at 32 rows.
#include "CKernels.h"

#include <string.h>

#include "Clones.h"

enum { PANEL = kernel_panel_width };

typedef float vector16 __attribute__((vector_size(64), aligned(4)));
typedef float vector8 __attribute__((vector_size(32), aligned(4)));

size_t kernel_packed_count(size_t outputs, size_t inputs) {
  return (outputs + PANEL - 1) / PANEL * PANEL * inputs;
}

void kernel_pack(
    float *packed, const float *weights, size_t stride, size_t outputs, size_t inputs) {
  for (size_t start = 0; start < outputs; start += PANEL) {
    float *panel = packed + start * inputs;
    size_t width = outputs - start < PANEL ? outputs - start : PANEL;
    if (width < PANEL) memset(panel, 0, PANEL * inputs * sizeof(float));
    for (size_t o = 0; o < width; o++) {
      const float *row = weights + (start + o) * stride;
      for (size_t i = 0; i < inputs; i++) panel[i * PANEL + o] = row[i];
    }
  }
}

// The largest tile of rows of any kernel below.
enum { ROWS_MAX = 12 };

// How many rows are transposed at a time: a whole number of tiles, and small enough for the cache.
enum { CHUNK = 20 * ROWS_MAX };

// x (rows, inputs) to (inputs, tile rows), so that the inner loop reads it in order. Missing rows
// are zero: their sums are computed and thrown away.
KERNEL_INLINE void transpose_rows(
    float *scratch, const float *x, size_t stride, size_t rows, size_t tile, size_t inputs) {
  for (size_t m = 0; m < tile; m++) {
    if (m < rows) {
      const float *row = x + m * stride;
      for (size_t i = 0; i < inputs; i++) scratch[i * tile + m] = row[i];
    } else {
      for (size_t i = 0; i < inputs; i++) scratch[i * tile + m] = 0;
    }
  }
}

// One tile of M rows by COUNT vectors of TYPE, `OFFSET` floats into the panel.
#define TILE(TYPE, LANES, M, COUNT, OFFSET)                                            \
  {                                                                                    \
    TYPE sums[M][COUNT];                                                               \
    for (int m = 0; m < M; m++)                                                        \
      for (int c = 0; c < COUNT; c++) sums[m][c] = (TYPE){0};                          \
    for (size_t i = 0; i < inputs; i++) {                                              \
      const float *w = panel + i * PANEL + OFFSET;                                     \
      const float *a = scratch + i * M;                                                \
      TYPE b[COUNT];                                                                   \
      for (int c = 0; c < COUNT; c++) b[c] = *(const TYPE *)(w + c * LANES);           \
      _Pragma("unroll") for (int m = 0; m < M; m++)                                    \
        _Pragma("unroll") for (int c = 0; c < COUNT; c++) sums[m][c] += a[m] * b[c];   \
    }                                                                                  \
    for (size_t m = 0; m < rows; m++)                                                  \
      for (int c = 0; c < COUNT; c++)                                                  \
        store(y + m * y_stride + OFFSET + c * LANES, (const float *)&sums[m][c], LANES, \
              (long)width - OFFSET - c * LANES, accumulate);                           \
  }

KERNEL_INLINE void store(float *y, const float *sums, long lanes, long room, int accumulate) {
  long count = room < lanes ? room : lanes;
  if (accumulate) {
    for (long l = 0; l < count; l++) y[l] += sums[l];
  } else {
    for (long l = 0; l < count; l++) y[l] = sums[l];
  }
}

typedef void panel_kernel(
    float *y, size_t y_stride, const float *panel, const float *scratch, size_t rows, size_t width,
    size_t inputs, int accumulate);

#define PANEL_KERNEL(NAME)                                                              \
  static void NAME(                                                                     \
      float *y, size_t y_stride, const float *panel, const float *scratch, size_t rows, \
      size_t width, size_t inputs, int accumulate)

PANEL_KERNEL(panel_plain) {
  for (int offset = 0; offset < PANEL; offset += 8) TILE(vector8, 8, 4, 1, offset)
}

#if defined(__x86_64__) && defined(__linux__)
// Clang halves 512-bit vectors for this architecture unless told that they are wanted whole.
#if defined(__clang__)
#define WHOLE_VECTORS __attribute__((min_vector_width(512)))
#else
#define WHOLE_VECTORS
#endif

__attribute__((target("arch=x86-64-v3"))) PANEL_KERNEL(panel_v3) {
  for (int offset = 0; offset < PANEL; offset += 16) TILE(vector8, 8, 4, 2, offset)
}

// 12 x 2 sums, 2 weights and a broadcast fill 27 of the 32 registers.
WHOLE_VECTORS __attribute__((target("arch=x86-64-v4"))) PANEL_KERNEL(panel_v4_12) {
  TILE(vector16, 16, 12, 2, 0)
}
WHOLE_VECTORS __attribute__((target("arch=x86-64-v4"))) PANEL_KERNEL(panel_v4_8) {
  TILE(vector16, 16, 8, 2, 0)
}
WHOLE_VECTORS __attribute__((target("arch=x86-64-v4"))) PANEL_KERNEL(panel_v4_4) {
  TILE(vector16, 16, 4, 2, 0)
}
#endif

// How many rows the next tile takes, and with which kernel. Every kernel adds up each element in
// the order of the inputs, one fused multiply-add each, so the choice does not change results.
static panel_kernel *choose(size_t rows_left, size_t *tile) {
#if defined(__x86_64__) && defined(__linux__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512cd")) {
    // 32 rows as 12 + 12 + 8, 16 as 8 + 8: few rows are computed for nothing.
    *tile = rows_left <= 4 ? 4 : (rows_left <= 8 || rows_left == 16) ? 8 : 12;
    return *tile == 12 ? panel_v4_12 : *tile == 8 ? panel_v4_8 : panel_v4_4;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    *tile = 4;
    return panel_v3;
  }
#endif
  *tile = 4;
  return panel_plain;
}

static void multiply_chunk(
    float *y, size_t y_stride, const float *x, size_t x_stride, const float *packed, size_t rows,
    size_t outputs, size_t inputs, size_t first_panel, size_t last_panel, int accumulate,
    float *scratch) {
  size_t tile;
  for (size_t row = 0, at = 0; row < rows; row += tile, at += tile) {
    choose(rows - row, &tile);
    size_t count = rows - row < tile ? rows - row : tile;
    transpose_rows(scratch + at * inputs, x + row * x_stride, x_stride, count, tile, inputs);
  }
  for (size_t p = first_panel; p < last_panel; p++) {
    const float *panel = packed + p * PANEL * inputs;
    size_t width = outputs - p * PANEL < PANEL ? outputs - p * PANEL : PANEL;
    for (size_t row = 0, at = 0; row < rows; row += tile, at += tile) {
      panel_kernel *kernel = choose(rows - row, &tile);
      size_t count = rows - row < tile ? rows - row : tile;
      kernel(
          y + row * y_stride + p * PANEL, y_stride, panel, scratch + at * inputs, count, width,
          inputs, accumulate);
    }
  }
}

void kernel_packed_multiply(
    float *y, size_t y_stride, const float *x, size_t x_stride, const float *packed, size_t rows,
    size_t outputs, size_t inputs, size_t first_panel, size_t last_panel, int accumulate) {
  size_t chunk = rows < CHUNK ? rows : CHUNK;
  float *scratch = kernel_thread_scratch((chunk + ROWS_MAX) * inputs);
  for (size_t row = 0; row < rows; row += CHUNK) {
    multiply_chunk(
        y + row * y_stride, y_stride, x + row * x_stride, x_stride, packed,
        rows - row < CHUNK ? rows - row : CHUNK, outputs, inputs, first_panel, last_panel,
        accumulate, scratch);
  }
}
