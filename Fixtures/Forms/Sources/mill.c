#include "grain.h"

volatile int hopper[16];
static struct grain store[4];

static inline int turns(int speed) {
    int total = 0;
    for (int turn = 0; turn < 3; turn++) total += hopper[(speed + turn) & 15];
    return total;
}

// The way out is unlikely: optimizing compilers move it away from the rest of the function.
__attribute__((noinline)) int grind(const struct grain *grain, int speed) {
    int total = 0;
    while (grain) {
        if (__builtin_expect(grain->weight > 9000, 0)) {
            hopper[3] = grain->moisture;
            jam(speed);
            hopper[4] = clamped(total, -5, 5);
            jam(dry_weight(grain, total));
            return -1;
        }
        total += dry_weight(grain, speed) + turns(speed);
        grain = grain->next;
    }
    return total;
}

__attribute__((noinline)) int unused_mill(int speed) { return turns(speed) * clamped(speed, 2, 7); }

void _start(void) {
    for (int round = 0;; round++) {
        store[round & 3].next = &store[(round + 1) & 3];
        hopper[0] += grind(store, round) + weigh(store, 3);
        hopper[1] += left_chute(round) + right_chute(round);
        hopper[2] += bolt(store, round) + bag(round);
    }
}
