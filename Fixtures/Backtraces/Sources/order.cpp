// Templates, lambdas and a signal handler on the stack.
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>

namespace shop {
struct Order {
    std::string owner;
    int operator()(int line) const;
};
template <typename T> __attribute__((noinline)) int apply(const std::function<int(T)> &f, T value, const char *note) {
    return f(value) + (note != nullptr);
}
int __attribute__((noinline)) Order::operator()(int line) const {
    volatile int *where = nullptr;
    return *where + line;
}
}  // namespace shop

static void onSignal(int) { std::abort(); }

int main() {
    std::signal(SIGSEGV, onSignal);
    shop::Order order{"Ann (the \"first\")"};
    return shop::apply<int>(std::function<int(int)>(order), 3, "at /nowhere (x from y) \")");
}
