// One way to die for each line that the kernel writes about a process.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((noinline)) static void readNull(volatile int *p) { *p; }
__attribute__((noinline)) static void writeNull(volatile int *p) { *p = 7; }
__attribute__((noinline)) static void illegal(void) { __builtin_trap(); }
__attribute__((noinline)) static void breakpoint(void) { __asm__ volatile("int3; nop"); }
__attribute__((noinline)) static int divide(volatile int by) { return 100 / by; }
__attribute__((noinline)) static int nonCanonical(void) { return *(volatile int *)0x7f00deadbeef0000ull; }
__attribute__((noinline)) static int overflow(volatile int depth) {
    volatile char room[4096];
    room[0] = (char)depth;
    return overflow(depth + 1) + room[0];
}

int main(int count, char **arguments) {
    const char *how = count > 1 ? arguments[1] : "read";
    if (!strcmp(how, "read")) readNull((volatile int *)0x10);
    if (!strcmp(how, "write")) writeNull(0);
    if (!strcmp(how, "readonly")) writeNull((volatile int *)main);
    if (!strcmp(how, "jump")) ((void (*)(void))0)();
    if (!strcmp(how, "execute")) ((void (*)(void))mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))();
    if (!strcmp(how, "illegal")) illegal();
    if (!strcmp(how, "breakpoint")) breakpoint();
    if (!strcmp(how, "divide")) return divide(0);
    if (!strcmp(how, "protection")) return nonCanonical();
    if (!strcmp(how, "overflow")) return overflow(0);
    if (!strcmp(how, "library")) return (int)strlen((const char *)8);
    return 0;
}
