// System zlib for Swift: the header, and inline functions for the initialisers, which are macros.
#pragma once

#include <zlib.h>

static inline int morlaif_inflate_init(z_stream *stream) { return inflateInit(stream); }

static inline int morlaif_deflate_init(z_stream *stream, int level) {
  return deflateInit(stream, level);
}
