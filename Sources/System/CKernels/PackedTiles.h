// The innermost loops of products with packed weights: a few rows times one panel.
#ifndef MORLAIF_PACKED_TILES_H
#define MORLAIF_PACKED_TILES_H

#include "CKernels.h"

enum { PANEL = kernel_panel_width };

// The most rows of any tile. Tiles read all of their rows, so memory for rows has room for as many.
enum { TILE_ROWS_MAX = 12 };

// y (rows, width) = x * panel, or is added to. `x` has the weights' elements, rows `x_stride`
// elements apart; `inputs` are rounded up to whole pairs for bfloat16. rows and width may be less
// than the tile's: the rest is computed and thrown away.
typedef void packed_tile(
    float *y, size_t y_stride, const void *x, size_t x_stride, const void *panel, size_t inputs,
    size_t rows, size_t width, int accumulate);

typedef struct {
  packed_tile *run;
  size_t rows;
} packed_tile_choice;

// The tile for the next of `rows_left` rows. Every tile sums an element's products in the order of
// the inputs with the same roundings, so the choice does not change results.
packed_tile_choice packed_float_tile(kernel_level level, size_t rows_left, size_t width);
packed_tile_choice packed_bfloat16_tile(kernel_level level, size_t rows_left);

// How many rows the next tile takes at most, with 32 vector registers: 32 rows as 12 + 12 + 8, 16
// as 8 + 8, so that few rows are computed for nothing.
static inline size_t packed_wide_rows(size_t rows_left) {
  if (rows_left == 1) return 1;
  return rows_left <= 4 ? 4 : (rows_left <= 8 || rows_left == 16) ? 8 : 12;
}

#if defined(__x86_64__) && defined(__linux__)
#define PACKED_X86 1
// Clang halves 512-bit vectors for this architecture unless told that they are wanted whole.
#if defined(__clang__)
#define WHOLE_VECTORS __attribute__((min_vector_width(512)))
#else
#define WHOLE_VECTORS
#endif
#define TARGET(NAME) __attribute__((target(NAME)))
#endif

typedef float vector16 __attribute__((vector_size(64), aligned(4)));
typedef float vector8 __attribute__((vector_size(32), aligned(4)));

// Writes or adds the first `count` of the sums of one vector.
static inline __attribute__((always_inline)) void packed_store(
    float *y, const float *sums, long count, int accumulate) {
  if (accumulate) {
    for (long l = 0; l < count; l++) y[l] += sums[l];
  } else {
    for (long l = 0; l < count; l++) y[l] = sums[l];
  }
}

// The places of a tile's rows: three pointers and the stride reach twelve without a register each.
#define TILE_ROWS(TYPE, M)                                                     \
  const TYPE *x_0 = x, *x_3 = M > 3 ? x_0 + 3 * x_stride : x_0,                \
             *x_6 = M > 6 ? x_0 + 6 * x_stride : x_0, *x_9 = M > 9 ? x_0 + 9 * x_stride : x_0
#define TILE_ROW(m) ((m < 3 ? x_0 : m < 6 ? x_3 : m < 9 ? x_6 : x_9) + m % 3 * x_stride)

// Writes the sums of M rows by COLUMNS vectors of TYPE that lie OFFSET outputs into the panel.
#define TILE_STORE(TYPE, M, COLUMNS, OFFSET)                                           \
  {                                                                                    \
    enum { LANES = sizeof(TYPE) / sizeof(float) };                                     \
    if (width == PANEL && rows == M && !accumulate) {                                  \
      _Pragma("unroll") for (int m = 0; m < M; m++)                                    \
        _Pragma("unroll") for (int c = 0; c < COLUMNS; c++)                            \
          *(TYPE *)(y + m * y_stride + OFFSET + c * LANES) = sums[m][c];               \
    } else if (width == PANEL && rows == M) {                                          \
      _Pragma("unroll") for (int m = 0; m < M; m++)                                    \
        _Pragma("unroll") for (int c = 0; c < COLUMNS; c++)                            \
          *(TYPE *)(y + m * y_stride + OFFSET + c * LANES) += sums[m][c];              \
    } else {                                                                           \
      _Pragma("unroll") for (int m = 0; m < M; m++) {                                  \
        if ((size_t)m >= rows) break;                                                  \
        _Pragma("unroll") for (int c = 0; c < COLUMNS; c++) {                          \
          TYPE part = sums[m][c];                                                      \
          float *y_c = y + m * y_stride + OFFSET + c * LANES;                          \
          long room = (long)width - OFFSET - c * LANES;                                \
          if (room >= LANES) {                                                         \
            *(TYPE *)y_c = accumulate ? *(TYPE *)y_c + part : part;                    \
          } else {                                                                     \
            packed_store(y_c, (const float *)&part, room, accumulate);                 \
          }                                                                            \
        }                                                                              \
      }                                                                                \
    }                                                                                  \
  }

#define PACKED_TILE(NAME)                                                                     \
  static void NAME(                                                                           \
      float *y, size_t y_stride, const void *x, size_t x_stride, const void *panel,           \
      size_t inputs, size_t rows, size_t width, int accumulate)

#endif
