#include "CPress/press.h"

static volatile int last;

int squeeze(struct press press, int amount) {
    last = amount;
    return pressed(press) / (amount | 1);
}
