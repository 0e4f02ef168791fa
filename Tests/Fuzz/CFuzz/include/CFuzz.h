#pragma once
#include <stddef.h>
#include <stdint.h>

// An empty file in memory; negative when the system refuses. Swift's Glibc module lacks it: it needs _GNU_SOURCE.
int fuzz_memory_file(void);

// libFuzzer's own change of an input, in its library (libclang_rt.fuzzer); no header of it is installed.
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);
