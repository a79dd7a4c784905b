// Products with packed weights, and with their transpose.
//
// So many inputs of so many rows as stay in the second cache are copied (and rounded, for bfloat16)
// into memory of the thread's own; then each panel meets all of those rows. The transposed product
// turns each panel around just before it is needed, which costs about 3 % at 256 rows and saves
// keeping the weights twice.
#include "Clones.h"
#include "PackedWeights.h"

// So many bytes of a row are summed up at a time, before they add to y. Fixed, so that bits are.
enum { FORWARD_BYTES = 3072, TRANSPOSED_BYTES = 1536 };

// What the copied rows may take of the second cache, in bytes.
enum { ROWS_BYTES = 400 * 1024 };

// Rows of x in the weights' elements.
typedef struct {
  kernel_element element;
  void *memory;
  // Elements from one row to the next. Not a power of two, which would put the rows of a tile into
  // one set of the first cache.
  size_t stride;
  // A multiple of the largest tile.
  size_t rows_max;
} row_block;

static row_block make_row_block(kernel_element element, size_t inputs, size_t rows) {
  size_t stride = (inputs + 31) / 32 * 32 + 32;
  size_t fitting = ROWS_BYTES / (stride * packed_element_bytes(element));
  size_t rows_max = (rows < fitting ? rows : fitting) / TILE_ROWS_MAX * TILE_ROWS_MAX;
  if (rows_max < rows && rows_max < fitting) rows_max += TILE_ROWS_MAX;
  return (row_block){element, NULL, stride, rows_max};
}

static size_t row_block_bytes(row_block block) {
  return block.rows_max * block.stride * packed_element_bytes(block.element);
}

KERNEL_CLONES
static void copy_rows(row_block to, const float *x, size_t x_stride, size_t rows, size_t inputs) {
  for (size_t r = 0; r < rows; r++) {
    const float *from = x + r * x_stride;
    if (to.element == kernel_f32) {
      memcpy((float *)to.memory + r * to.stride, from, inputs * sizeof(float));
    } else {
      uint16_t *row = (uint16_t *)to.memory + r * to.stride;
      for (size_t i = 0; i < inputs; i++) row[i] = bfloat16_of(from[i]);
      if (inputs % 2) row[inputs] = 0;
    }
  }
}

// All copied rows times one panel.
static void multiply_panel(
    float *y, size_t y_stride, row_block x, size_t rows, const void *panel, size_t inputs,
    size_t width, kernel_level level, int accumulate) {
  for (size_t row = 0; row < rows;) {
    packed_tile_choice tile = x.element == kernel_f32
                                  ? packed_float_tile(level, rows - row, width)
                                  : packed_bfloat16_tile(level, rows - row);
    size_t count = rows - row < tile.rows ? rows - row : tile.rows;
    const char *start = x.memory;
    tile.run(
        y + row * y_stride, y_stride, start + row * x.stride * packed_element_bytes(x.element),
        x.stride, panel, inputs, count, width, accumulate);
    row += count;
  }
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

void kernel_packed_multiply(
    float *y, size_t y_stride, const float *x, size_t x_stride, size_t rows,
    const kernel_packed *w, size_t first_panel, size_t last_panel, int accumulate) {
  size_t inputs_max = FORWARD_BYTES / packed_element_bytes(w->element);
  row_block block = make_row_block(w->element, smaller(w->inputs, inputs_max), rows);
  block.memory = kernel_thread_scratch(row_block_bytes(block) / sizeof(float) + 1);
  for (size_t row = 0; row < rows; row += block.rows_max) {
    size_t count = smaller(rows - row, block.rows_max);
    for (size_t input = 0; input < w->inputs; input += inputs_max) {
      size_t inputs = smaller(w->inputs - input, inputs_max);
      copy_rows(block, x + row * x_stride + input, x_stride, count, inputs);
      for (size_t p = first_panel; p < last_panel; p++) {
        multiply_panel(
            y + row * y_stride + p * PANEL, y_stride, block, count, packed_panel(w, p, input),
            inputs, smaller(w->outputs - p * PANEL, PANEL), w->level, accumulate || input > 0);
      }
    }
  }
}

void kernel_packed_multiply_transposed(
    float *dx, size_t dx_stride, const float *dy, size_t dy_stride, size_t rows,
    const kernel_packed *w, size_t first_panel, size_t last_panel, int accumulate) {
  size_t outputs_max = TRANSPOSED_BYTES / packed_element_bytes(w->element);
  row_block block = make_row_block(w->element, smaller(w->outputs, outputs_max), rows);
  size_t panel_bytes = outputs_max * PANEL * packed_element_bytes(w->element);
  char *memory =
      (char *)kernel_thread_scratch((panel_bytes + row_block_bytes(block)) / sizeof(float) + 1);
  block.memory = memory + panel_bytes;
  for (size_t row = 0; row < rows; row += block.rows_max) {
    size_t count = smaller(rows - row, block.rows_max);
    for (size_t output = 0; output < w->outputs; output += outputs_max) {
      size_t outputs = smaller(w->outputs - output, outputs_max);
      copy_rows(block, dy + row * dy_stride + output, dy_stride, count, outputs);
      for (size_t p = first_panel; p < last_panel; p++) {
        packed_transpose(memory, w, p * PANEL, output, output + outputs);
        multiply_panel(
            dx + row * dx_stride + p * PANEL, dx_stride, block, count, memory, outputs,
            smaller(w->inputs - p * PANEL, PANEL), w->level, accumulate || output > 0);
      }
    }
  }
}
