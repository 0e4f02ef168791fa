// Templates, lambdas, nested namespaces, virtual calls and inlining: a C++ program for comparing frames, line by line, with
// other tools.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace ledger {
namespace detail {

template <typename Number>
struct Money {
    Number cents;

    Money operator+(const Money &other) const { return Money{cents + other.cents}; }
    bool operator<(const Money &other) const { return cents < other.cents; }
};

inline long checked(long value, long limit) {
    if (value > limit) {
        std::fprintf(stderr, "%ld is more than %ld\n", value, limit);
        std::abort();
    }
    return value;
}

}  // namespace detail

class Account {
public:
    virtual ~Account() = default;
    virtual long fee(long cents) const = 0;

    void book(long cents) { entries.push_back({detail::checked(cents, 1'000'000) + fee(cents)}); }

    long balance() const {
        auto add = [](detail::Money<long> left, const detail::Money<long> &right) { return left + right; };
        return std::accumulate(entries.begin(), entries.end(), detail::Money<long>{0}, add).cents;
    }

    long largest() const { return std::max_element(entries.begin(), entries.end())->cents; }

private:
    std::vector<detail::Money<long>> entries;
};

namespace {

class Checking final : public Account {
public:
    long fee(long cents) const override { return cents / 100; }
};

class Savings final : public Account {
public:
    explicit Savings(long rate) : rate{rate} {}
    long fee(long cents) const override { return -cents * rate / 1000; }

private:
    long rate;
};

}  // namespace

std::map<std::string, std::unique_ptr<Account>> open() {
    std::map<std::string, std::unique_ptr<Account>> accounts;
    accounts.emplace("checking", std::make_unique<Checking>());
    accounts.emplace("savings", std::make_unique<Savings>(12));
    return accounts;
}

}  // namespace ledger

int main(int count, char **arguments) {
    auto accounts = ledger::open();
    for (int index = 1; index < count; index++) {
        for (auto &[name, account] : accounts) {
            account->book(std::strtol(arguments[index], nullptr, 10));
        }
    }
    for (const auto &[name, account] : accounts) {
        std::printf("%s %ld\n", name.c_str(), account->balance());
    }
    return 0;
}
