#include "grain.h"

void jam(int position) {
    hopper[position & 15] = 0;
    hopper[15]++;
}

static int balance(int left, int right) {
    int difference = left - right;
    return difference * difference / (right | 1);
}

int weigh(const struct grain *grain, int scale) {
    int dry = dry_weight(grain, scale);
    if (dry > 100) return balance(dry, hopper[5]) + balance(hopper[6], dry);
    return dry;
}

// The same code as right_chute: a linker may keep one of the two.
__attribute__((noinline)) int left_chute(int value) {
    hopper[7] = clamped(value, 10, 20);
    return hopper[8] * 3;
}

int unused_scale(const struct grain *grain) { return dry_weight(grain, 2) + balance(grain->weight, 1); }
