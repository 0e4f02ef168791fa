#pragma once
#include "grain.h"

namespace bins {

template <typename Value, int size> class Bin {
public:
    // Not inlined: every unit has a copy of its own, and the linker keeps one.
    __attribute__((noinline)) Value take(Value value) {
        int slot = value % size;
        Value before = values[slot < 0 ? 0 : slot];
        values[slot < 0 ? 0 : slot] = clamped(value, 0, size);
        return before;
    }
    template <typename Body> inline Value each(Body body) {
        Value total = 0;
        for (int slot = 0; slot < size; slot++) total += body(values[slot]);
        return total;
    }

private:
    Value values[size];
};

using Small = Bin<int, 5>;
extern Small small;

}  // namespace bins
