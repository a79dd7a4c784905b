// Packing weights, and taking them out of a packing again.
#include "PackedWeights.h"

#include <string.h>

kernel_level kernel_level_detected(void) {
#if PACKED_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
      && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512cd")) {
    return __builtin_cpu_supports("avx512bf16") ? kernel_level_v4_bf16 : kernel_level_v4;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kernel_level_v3;
#endif
  return kernel_level_plain;
}

size_t kernel_packed_bytes(kernel_element element, size_t outputs, size_t inputs) {
  size_t rounded = (outputs + PANEL - 1) / PANEL * PANEL;
  return rounded * packed_inputs(element, inputs) * packed_element_bytes(element);
}

// Panel p, from input `input` on; an even one for bfloat16.
const void *packed_panel(const kernel_packed *w, size_t p, size_t input) {
  size_t elements = (p * packed_inputs(w->element, w->inputs) + input) * PANEL;
  return (const char *)w->panels + elements * packed_element_bytes(w->element);
}

void kernel_pack(const kernel_packed *w, const float *weights, size_t stride) {
  int is_float = w->element == kernel_f32;
  for (size_t start = 0; start < w->outputs; start += PANEL) {
    void *panel = (void *)packed_panel(w, start / PANEL, 0);
    size_t width = w->outputs - start < PANEL ? w->outputs - start : PANEL;
    size_t inputs = packed_inputs(w->element, w->inputs);
    if (width < PANEL || inputs > w->inputs)
      memset(panel, 0, PANEL * inputs * packed_element_bytes(w->element));
    for (size_t o = 0; o < width; o++) {
      const float *row = weights + (start + o) * stride;
      if (is_float) {
        for (size_t i = 0; i < w->inputs; i++) ((float *)panel)[i * PANEL + o] = row[i];
      } else {
        for (size_t i = 0; i < w->inputs; i++)
          ((uint16_t *)panel)[(i / 2 * PANEL + o) * 2 + i % 2] = bfloat16_of(row[i]);
      }
    }
  }
}

void kernel_unpack(
    const kernel_packed *w, float *weights, size_t stride, size_t first_output,
    size_t last_output) {
  for (size_t output = first_output; output < last_output; output++) {
    const void *panel = packed_panel(w, output / PANEL, 0);
    float *row = weights + (output - first_output) * stride;
    size_t o = output % PANEL;
    if (w->element == kernel_f32) {
      for (size_t i = 0; i < w->inputs; i++) row[i] = ((const float *)panel)[i * PANEL + o];
    } else {
      for (size_t i = 0; i < w->inputs; i++)
        row[i] = float_of(((const uint16_t *)panel)[(i / 2 * PANEL + o) * 2 + i % 2]);
    }
  }
}
