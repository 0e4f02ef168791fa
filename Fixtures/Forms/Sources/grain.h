// Inlined into every unit, in C and in C++.
#ifndef GRAIN_H
#define GRAIN_H

struct grain {
    int weight;
    int moisture;
    struct grain *next;
};

static inline __attribute__((always_inline)) int clamped(int value, int low, int high) {
    if (value < low) return low;
    return value > high ? high : value;
}

static inline __attribute__((always_inline)) int dry_weight(const struct grain *grain, int scale) {
    int dry = grain->weight - grain->moisture / 8;
    return clamped(dry * scale, 1, 4096);
}

#ifdef __cplusplus
extern "C" {
#endif
extern volatile int hopper[16];
void jam(int position) __attribute__((cold, noinline));
int weigh(const struct grain *grain, int scale);
int left_chute(int value);
int right_chute(int value);
int bolt(const struct grain *grain, int count);
int bag(int count);
#ifdef __cplusplus
}
#endif
#endif
