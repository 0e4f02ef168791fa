// liblzma, for the xz-compressed symbol table in `.gnu_debugdata`.
#pragma once
#include <lzma.h>

// Macros that Swift cannot see.

static inline lzma_stream clzma_empty_stream(void) {
    lzma_stream stream = LZMA_STREAM_INIT;
    return stream;
}

/// Begins decoding xz streams that stand one after another; checksums that cannot be verified are an error.
static inline lzma_ret clzma_begin(lzma_stream *_Nonnull stream, uint64_t memory_limit) {
    return lzma_stream_decoder(stream, memory_limit, LZMA_TELL_UNSUPPORTED_CHECK | LZMA_CONCATENATED);
}
