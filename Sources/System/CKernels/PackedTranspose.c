// Turns panels around: 32 inputs of some outputs become a panel of 32 "outputs" of the transpose.
#include "Clones.h"
#include "PackedWeights.h"

typedef uint64_t words64 __attribute__((vector_size(64), aligned(8)));
typedef float floats8 __attribute__((vector_size(32), aligned(4)));
typedef uint16_t halves __attribute__((vector_size(64)));

// One stage: rows S apart swap blocks of S columns.
#define STAGE(TYPE, S, LOW, HIGH)                           \
  _Pragma("unroll") for (int i = 0; i < 8; i++) {           \
    if (i & S) continue;                                    \
    TYPE a = rows[i], b = rows[i + S];                      \
    rows[i] = __builtin_shufflevector(a, b, LOW);           \
    rows[i + S] = __builtin_shufflevector(a, b, HIGH);      \
  }
#define LOW_4 0, 1, 2, 3, 8, 9, 10, 11
#define HIGH_4 4, 5, 6, 7, 12, 13, 14, 15
#define LOW_2 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH_2 2, 3, 10, 11, 6, 7, 14, 15
#define LOW_1 0, 8, 2, 10, 4, 12, 6, 14
#define HIGH_1 1, 9, 3, 11, 5, 13, 7, 15

// Transposes the 8 x 8 elements in `rows`.
#define TRANSPOSE(TYPE)           \
  STAGE(TYPE, 4, LOW_4, HIGH_4)   \
  STAGE(TYPE, 2, LOW_2, HIGH_2)   \
  STAGE(TYPE, 1, LOW_1, HIGH_1)

// Swaps the middle two of every four: (outputs, inputs) of a 2 x 2 block to (inputs, outputs).
#define SWAP(n) n, n + 2, n + 1, n + 3
#define SWAP_ALL                                                                      \
  SWAP(0), SWAP(4), SWAP(8), SWAP(12), SWAP(16), SWAP(20), SWAP(24), SWAP(28)

// Blocks of 2 inputs by 2 outputs are one 64-bit word; 16 x 16 of them are transposed.
KERNEL_INLINE void transpose_bfloat16(uint64_t *to, const uint64_t *from) {
  for (int i = 0; i < 16; i += 8) {
    for (int j = 0; j < 16; j += 8) {
      words64 rows[8];
      _Pragma("unroll") for (int r = 0; r < 8; r++) {
        halves block = (halves)*(const words64 *)(from + (i + r) * 16 + j);
        rows[r] = (words64)__builtin_shufflevector(block, block, SWAP_ALL);
      }
      TRANSPOSE(words64)
      _Pragma("unroll") for (int r = 0; r < 8; r++)
        *(words64 *)(to + (j + r) * 16 + i) = rows[r];
    }
  }
}

KERNEL_INLINE void transpose_floats(float *to, const float *from) {
  for (int i = 0; i < PANEL; i += 8) {
    for (int j = 0; j < PANEL; j += 8) {
      floats8 rows[8];
      _Pragma("unroll") for (int r = 0; r < 8; r++)
        rows[r] = *(const floats8 *)(from + (i + r) * PANEL + j);
      TRANSPOSE(floats8)
      _Pragma("unroll") for (int r = 0; r < 8; r++)
        *(floats8 *)(to + (j + r) * PANEL + i) = rows[r];
    }
  }
}

KERNEL_CLONES
void packed_transpose(
    void *transposed, const kernel_packed *w, size_t input, size_t first_output,
    size_t last_output) {
  size_t inputs = packed_inputs(w->element, w->inputs) - input;
  size_t block_bytes = PANEL * PANEL * packed_element_bytes(w->element);
  // A last panel of fewer inputs is filled up with zeros.
  uint64_t padded[PANEL * PANEL / 2];
  for (size_t o = first_output; o < last_output; o += PANEL) {
    const void *from = packed_panel(w, o / PANEL, input);
    if (inputs < PANEL) {
      memset(padded, 0, sizeof padded);
      memcpy(padded, from, inputs * PANEL * packed_element_bytes(w->element));
      from = padded;
    }
    void *to = (char *)transposed + (o - first_output) / PANEL * block_bytes;
    if (w->element == kernel_f32) {
      transpose_floats(to, from);
    } else {
      transpose_bfloat16(to, from);
    }
  }
}
