// Tiles of float32 products.
#include "PackedTiles.h"

#define TILE(TYPE, M, COLUMNS, OFFSET)                                                    \
  {                                                                                       \
    enum { WIDTH = sizeof(TYPE) / sizeof(float) };                                        \
    TILE_ROWS(float, M);                                                                  \
    TYPE sums[M][COLUMNS];                                                                \
    _Pragma("unroll") for (int m = 0; m < M; m++)                                         \
      _Pragma("unroll") for (int c = 0; c < COLUMNS; c++) sums[m][c] = (TYPE){0};         \
    const float *w = (const float *)panel + OFFSET;                                       \
    _Pragma("clang loop unroll(disable)") for (size_t i = 0; i < inputs; i++) {           \
      TYPE b[COLUMNS];                                                                    \
      _Pragma("unroll") for (int c = 0; c < COLUMNS; c++)                                 \
        b[c] = *(const TYPE *)(w + i * PANEL + c * WIDTH);                                \
      _Pragma("unroll") for (int m = 0; m < M; m++) {                                     \
        float a = TILE_ROW(m)[i];                                                         \
        _Pragma("unroll") for (int c = 0; c < COLUMNS; c++) sums[m][c] += a * b[c];       \
      }                                                                                   \
    }                                                                                     \
    TILE_STORE(TYPE, M, COLUMNS, OFFSET)                                                  \
  }

PACKED_TILE(tile_plain) {
  for (int offset = 0; offset < PANEL; offset += 8) TILE(vector8, 4, 1, offset)
}

#if PACKED_X86
TARGET("arch=x86-64-v3") PACKED_TILE(tile_v3) {
  for (int offset = 0; offset < PANEL; offset += 16) TILE(vector8, 4, 2, offset)
}

// 12 x 2 sums, 2 weights and a broadcast fill 27 of the 32 registers.
WHOLE_VECTORS TARGET("arch=x86-64-v4") PACKED_TILE(tile_v4_12) TILE(vector16, 12, 2, 0)
WHOLE_VECTORS TARGET("arch=x86-64-v4") PACKED_TILE(tile_v4_8) TILE(vector16, 8, 2, 0)
WHOLE_VECTORS TARGET("arch=x86-64-v4") PACKED_TILE(tile_v4_4) TILE(vector16, 4, 2, 0)
WHOLE_VECTORS TARGET("arch=x86-64-v4") PACKED_TILE(tile_v4_1) TILE(vector16, 1, 2, 0)
// Half a panel, all that an adapter of rank 16 has.
WHOLE_VECTORS TARGET("arch=x86-64-v4") PACKED_TILE(tile_v4_12_narrow) TILE(vector16, 12, 1, 0)
#endif

packed_tile_choice packed_float_tile(kernel_level level, size_t rows_left, size_t width) {
#if PACKED_X86
  if (level >= kernel_level_v4) {
    switch (packed_wide_rows(rows_left)) {
      case 12: return (packed_tile_choice){width <= 16 ? tile_v4_12_narrow : tile_v4_12, 12};
      case 8: return (packed_tile_choice){tile_v4_8, 8};
      case 4: return (packed_tile_choice){tile_v4_4, 4};
      default: return (packed_tile_choice){tile_v4_1, 1};
    }
  }
  if (level == kernel_level_v3) return (packed_tile_choice){tile_v3, 4};
#endif
  return (packed_tile_choice){tile_plain, 4};
}
