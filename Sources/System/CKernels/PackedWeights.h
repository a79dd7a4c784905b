// What packing, transposing and multiplying know of packed weights.
#ifndef MORLAIF_PACKED_WEIGHTS_H
#define MORLAIF_PACKED_WEIGHTS_H

#include <string.h>

#include "PackedTiles.h"

static inline size_t packed_element_bytes(kernel_element element) {
  return element == kernel_f32 ? sizeof(float) : sizeof(uint16_t);
}

// Inputs as they lie in memory: whole pairs for bfloat16.
static inline size_t packed_inputs(kernel_element element, size_t inputs) {
  return element == kernel_f32 ? inputs : (inputs + 1) / 2 * 2;
}

const void *packed_panel(const kernel_packed *w, size_t p, size_t input);

// Fills a panel of the transpose: inputs input ..< input + 32 of some outputs, (outputs, 32) or pairs
// of outputs. first_output is a multiple of 32; there is room for a multiple of 32 outputs.
void packed_transpose(
    void *transposed, const kernel_packed *w, size_t input, size_t first_output,
    size_t last_output);

// Rounds to the nearest bfloat16, to the even one of two. NaNs that arithmetic makes stay.
static inline __attribute__((always_inline)) uint16_t bfloat16_of(float number) {
  uint32_t bits;
  memcpy(&bits, &number, sizeof bits);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

static inline __attribute__((always_inline)) float float_of(uint16_t bfloat16) {
  uint32_t bits = (uint32_t)bfloat16 << 16;
  float number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

#endif
