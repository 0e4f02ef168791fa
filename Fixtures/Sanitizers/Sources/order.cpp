// Templates and the standard library for gcc's demangled names: reads behind the end of a vector.
#include <algorithm>
#include <memory>
#include <vector>

namespace shop {
template <typename T> struct Order {
    std::vector<T> lines;
    __attribute__((noinline)) T at(std::size_t index) const { return *(lines.data() + index); }
};
}  // namespace shop

int main(int argc, char **) {
    auto order = std::make_unique<shop::Order<int>>();
    order->lines.resize(4);
    std::for_each(order->lines.begin(), order->lines.end(), [](int &line) { line = 1; });
    return order->at(3 + argc);
}
