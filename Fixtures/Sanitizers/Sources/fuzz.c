// A target that traps inside a signal-free function: libFuzzer prints "deadly signal" from its handler.
#include <stddef.h>
#include <stdint.h>

__attribute__((noinline)) void check(const uint8_t *data, size_t size) {
    if (size > 1 && data[0] == 'x') __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check(data, size);
    return 0;
}
