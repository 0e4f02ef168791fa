#include "bins.h"

// The same code as left_chute: a linker may keep one of the two.
extern "C" __attribute__((noinline)) int right_chute(int value) {
    hopper[7] = clamped(value, 10, 20);
    return hopper[8] * 3;
}

namespace bins {
struct Seal {
    explicit Seal(int count) : count(count) { hopper[12] = count; }
    ~Seal() { hopper[13] = clamped(count, 3, 30); }
    int count;
};

__attribute__((noinline)) int unused_bag(int count) { return small.take(count) + clamped(count, 1, 2); }
}  // namespace bins

extern "C" int bag(int count) {
    bins::Seal seal(count);
    return bins::small.take(count) + bins::small.each([](int value) { return value ^ hopper[14]; });
}
