// A crash with 4 GB of address space, all but a few pages of it untouched: its core is a large file of holes.
#include <stdio.h>
#include <sys/mman.h>

int *volatile nowhere;

__attribute__((noinline)) static int die(void) { return *nowhere; }

int main(void) {
    const unsigned long size = 4ul << 30;
    char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return 1;
    for (unsigned long place = 0; place < size; place += size / 64) memory[place] = 1;
    return die() + 1;
}
