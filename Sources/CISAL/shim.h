// ISA-L (Intel's Intelligent Storage Acceleration Library), for sections compressed with zlib, dumps compressed with gzip,
// and the CRC-32 of `.gnu_debuglink`. Its decoder's state is a structure of arrays too large for Swift, so it stays behind these functions.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

/// Begins a zlib stream (header and Adler-32 are checked).
static inline void cisal_begin_stream(void *_Nonnull state) {
    isal_inflate_init((struct inflate_state *)state);
    ((struct inflate_state *)state)->crc_flag = ISAL_ZLIB;
}

/// Begins a gzip member (header and CRC-32 are checked).
static inline void cisal_begin_gzip_member(void *_Nonnull state) {
    isal_inflate_init((struct inflate_state *)state);
    ((struct inflate_state *)state)->crc_flag = ISAL_GZIP;
}

/// Decoder state for one thread, to be freed with `free`; NULL without memory.
static inline void *_Nullable cisal_make_state(void) {
    void *state = malloc(sizeof(struct inflate_state));
    if (state) cisal_begin_stream(state);
    return state;
}

/// What one call did.
struct cisal_step {
    /// 0, or one of ISA-L's ISAL_* codes.
    int code;
    /// The stream is complete and its checksum is right.
    int is_finished;
    size_t consumed;
    /// When the stream is complete: how many of the bytes consumed so far, in this call or before, lie behind its end.
    size_t unread;
    size_t produced;
};

/// Continues the stream with these bytes. Sizes up to 4 GiB - 1 each.
static inline struct cisal_step cisal_continue(
    void *_Nonnull state, const uint8_t *_Nonnull input, uint32_t input_size, uint8_t *_Nonnull output,
    uint32_t output_size) {
    struct inflate_state *inflater = (struct inflate_state *)state;
    inflater->next_in = (uint8_t *)input;
    inflater->avail_in = input_size;
    inflater->next_out = output;
    inflater->avail_out = output_size;
    struct cisal_step step;
    step.code = isal_inflate(inflater);
    step.is_finished = inflater->block_state == ISAL_BLOCK_FINISH;
    step.consumed = input_size - inflater->avail_in;
    step.unread = step.is_finished && inflater->read_in_length > 0 ? (size_t)inflater->read_in_length / 8 : 0;
    step.produced = output_size - inflater->avail_out;
    return step;
}
