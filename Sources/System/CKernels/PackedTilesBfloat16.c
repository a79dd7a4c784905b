// Tiles of bfloat16 products: pairs of inputs, sums in float32.
//
// vdpbf16ps adds the product of the second input of a pair, then that of the first, each with one
// rounding. A product of two bfloat16 numbers is exact in float32, so the kernels for other
// processors give the same bits with or without fused operations. (They differ where a number is
// below 1e-38, which the instruction takes for zero.)
#include "PackedTiles.h"

#include <string.h>

#if PACKED_X86
#include <immintrin.h>
#endif

typedef uint32_t words8 __attribute__((vector_size(32)));

// The first and the second number of a pair as float32.
static inline __attribute__((always_inline)) float first_of(uint32_t pair) {
  uint32_t bits = pair << 16;
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}
static inline __attribute__((always_inline)) float second_of(uint32_t pair) {
  uint32_t bits = pair & 0xffff0000u;
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

// Two pairs side by side make one 32-bit word each; `x` counts them in bfloat16 numbers.
#define TILE(M, COLUMNS, OFFSET)                                                           \
  {                                                                                        \
    TILE_ROWS(uint16_t, M);                                                                \
    vector8 sums[M][COLUMNS];                                                              \
    _Pragma("unroll") for (int m = 0; m < M; m++)                                          \
      _Pragma("unroll") for (int c = 0; c < COLUMNS; c++) sums[m][c] = (vector8){0};       \
    const uint32_t *w = (const uint32_t *)panel + OFFSET;                                  \
    _Pragma("clang loop unroll(disable)") for (size_t i = 0; i < inputs; i += 2) {         \
      vector8 first[COLUMNS], second[COLUMNS];                                             \
      _Pragma("unroll") for (int c = 0; c < COLUMNS; c++) {                                \
        words8 pairs = *(const words8 *)(w + i / 2 * PANEL + c * 8);                       \
        first[c] = (vector8)(pairs << 16);                                                 \
        second[c] = (vector8)(pairs & 0xffff0000u);                                        \
      }                                                                                    \
      _Pragma("unroll") for (int m = 0; m < M; m++) {                                      \
        uint32_t pair;                                                                     \
        memcpy(&pair, TILE_ROW(m) + i, sizeof pair);                                       \
        _Pragma("unroll") for (int c = 0; c < COLUMNS; c++) {                              \
          sums[m][c] += second_of(pair) * second[c];                                       \
          sums[m][c] += first_of(pair) * first[c];                                         \
        }                                                                                  \
      }                                                                                    \
    }                                                                                      \
    TILE_STORE(vector8, M, COLUMNS, OFFSET)                                                \
  }

PACKED_TILE(tile_plain) {
  for (int offset = 0; offset < PANEL; offset += 8) TILE(4, 1, offset)
}

#if PACKED_X86
TARGET("arch=x86-64-v3") PACKED_TILE(tile_v3) {
  for (int offset = 0; offset < PANEL; offset += 16) TILE(4, 2, offset)
}

#undef TILE
#define TILE(M)                                                                             \
  {                                                                                         \
    TILE_ROWS(uint16_t, M);                                                                 \
    __m512 sums[M][2];                                                                      \
    _Pragma("unroll") for (int m = 0; m < M; m++) sums[m][0] = sums[m][1] = (__m512){0};    \
    const uint16_t *w = panel;                                                              \
    _Pragma("clang loop unroll(disable)") for (size_t i = 0; i < inputs; i += 2) {          \
      __m512bh w_0 = (__m512bh)_mm512_load_si512(w + i * PANEL);                            \
      __m512bh w_1 = (__m512bh)_mm512_load_si512(w + i * PANEL + 32);                       \
      _Pragma("unroll") for (int m = 0; m < M; m++) {                                       \
        int pair;                                                                           \
        memcpy(&pair, TILE_ROW(m) + i, sizeof pair);                                        \
        __m512bh a = (__m512bh)_mm512_set1_epi32(pair);                                     \
        sums[m][0] = _mm512_dpbf16_ps(sums[m][0], a, w_0);                                  \
        sums[m][1] = _mm512_dpbf16_ps(sums[m][1], a, w_1);                                  \
      }                                                                                     \
    }                                                                                       \
    TILE_STORE(vector16, M, 2, 0)                                                           \
  }
#define BF16 WHOLE_VECTORS TARGET("arch=x86-64-v4,avx512bf16")

// 12 x 2 sums, 2 weights and a broadcast fill 27 of the 32 registers.
BF16 PACKED_TILE(tile_bf16_12) TILE(12)
BF16 PACKED_TILE(tile_bf16_8) TILE(8)
BF16 PACKED_TILE(tile_bf16_4) TILE(4)
BF16 PACKED_TILE(tile_bf16_1) TILE(1)
#endif

packed_tile_choice packed_bfloat16_tile(kernel_level level, size_t rows_left) {
#if PACKED_X86
  if (level == kernel_level_v4_bf16) {
    switch (packed_wide_rows(rows_left)) {
      case 12: return (packed_tile_choice){tile_bf16_12, 12};
      case 8: return (packed_tile_choice){tile_bf16_8, 8};
      case 4: return (packed_tile_choice){tile_bf16_4, 4};
      default: return (packed_tile_choice){tile_bf16_1, 1};
    }
  }
  if (level >= kernel_level_v3) return (packed_tile_choice){tile_v3, 4};
#endif
  return (packed_tile_choice){tile_plain, 4};
}
