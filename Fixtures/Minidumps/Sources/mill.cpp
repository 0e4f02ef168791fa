// A program that reads through a bad pointer while two more threads rest. All code that a stack needs is here: the C
// library is not kept with the dumps, so no innermost frame may be in it.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace mill {

std::atomic<int> resting;

// The system call itself instead of pause(), which would put the innermost frame into the C library.
__attribute__((noinline)) void rest() {
    resting++;
    for (;;) {
        long result;
#if defined(__x86_64__)
        asm volatile("syscall" : "=a"(result) : "a"(SYS_pause) : "rcx", "r11", "memory");
#else
#error "x86-64 only"
#endif
    }
}

// Frames of a size of their own, without frame pointers: only call-frame information finds the way.
__attribute__((noinline)) int sift(int depth) {
    volatile char flour[96];
    flour[depth] = static_cast<char>(depth);
    if (depth == 0) {
        rest();
        return flour[0];
    }
    return sift(depth - 1) + flour[depth];
}

struct Stone {
    volatile int *grain;

    __attribute__((noinline)) int turn(int times) {
        volatile int dust[32];
        dust[times & 31] = times;
        return *grain + dust[times & 31];
    }
};

template <typename Tool>
__attribute__((noinline)) int grind(Tool &tool, int times) {
    return tool.turn(times) * times + 1;
}

void *sifter(void *depth) {
    pthread_setname_np(pthread_self(), "sifter");
    return reinterpret_cast<void *>(static_cast<intptr_t>(sift(static_cast<int>(reinterpret_cast<intptr_t>(depth))) + 1));
}

}  // namespace mill

int main(int count, char **) {
    pthread_t threads[2];
    for (intptr_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], nullptr, mill::sifter, reinterpret_cast<void *>(3 + i));
    }
    while (mill::resting < 2) usleep(1000);
    mill::Stone stone = {reinterpret_cast<volatile int *>(static_cast<intptr_t>(0x10 + count))};
    return mill::grind(stone, count + 6) + 1;
}
