#ifndef PRESS_H
#define PRESS_H

struct press {
    int force;
    int turns;
};

static inline __attribute__((always_inline)) int pressed(struct press press) { return press.force * press.turns; }

int squeeze(struct press press, int amount);

#endif
