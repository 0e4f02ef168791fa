// An exception that nobody catches: libstdc++'s terminate, abort.
#include <stdexcept>
#include <vector>

struct Till {
    std::vector<int> prices;
    __attribute__((noinline)) int price(std::size_t index) const {
        if (index >= prices.size()) throw std::out_of_range("no such price");
        return prices[index];
    }
};

__attribute__((noinline)) static int total(const Till &till, std::size_t count) {
    int sum = 0;
    for (std::size_t i = 0; i < count; i++) sum += till.price(i);
    return sum;
}

int main(int count, char **) { return total(Till{{1, 2, 3}}, std::size_t(count) + 3); }
