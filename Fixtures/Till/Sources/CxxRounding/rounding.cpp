#include "rounding.h"

#include <cstdlib>
#include <vector>

namespace till {

template <typename Number>
class Rounder {
public:
    explicit Rounder(Number step) : steps{step} {}

    __attribute__((noinline)) Number round(Number value) const {
        return nearest(value) * step();
    }

private:
    Number step() const { return steps.at(0); }

    Number nearest(Number value) const {
        if (step() == 0) {
            std::abort();
        }
        return (value + step() / 2) / step();
    }

    std::vector<Number> steps;
};

}  // namespace till

extern "C" long round_to(long cents, long step) {
    return till::Rounder<long>(step).round(cents);
}
