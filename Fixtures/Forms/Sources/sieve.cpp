#include "bins.h"

namespace bins {
Small small;

namespace {
struct Sieve {
    int width;
    int pass(const grain &grain) const { return coarse(grain) ? grain.weight - width : fine(grain); }

private:
    bool coarse(const grain &grain) const { return grain.weight > width * hopper[9]; }
    int fine(const grain &grain) const { return dry_weight(&grain, width); }
};
}  // namespace
}  // namespace bins

extern "C" int bolt(const grain *grain, int count) {
    bins::Sieve sieve{count};
    int total = sieve.pass(*grain) + bins::small.take(count);
    auto heavy = [&](int value) {
        if (value > total) hopper[10] = value;
        return clamped(value + count, 1, 99);
    };
    total += bins::small.each(heavy);
    if (__builtin_expect(total < 0, 0)) {
        jam(total);
        hopper[11] = sieve.pass(*grain);
    }
    return total;
}
