#ifndef CALLOCATIONCOUNT_H
#define CALLOCATIONCOUNT_H

#include <stdint.h>

// Calls of malloc, calloc, realloc, memalign, aligned_alloc and posix_memalign that this thread has made, by whatever
// library. Linking this target into a test program puts its functions before glibc's.
uint64_t allocation_count(void);

#endif
