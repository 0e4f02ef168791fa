// Undefined behaviour: two errors in one run, the second one call further in.
#include <limits.h>
#include <stdlib.h>

__attribute__((noinline)) int total(int a, int b) {
    return a + b;
}

__attribute__((noinline)) int share(int sum, int people) {
    return total(sum, people) << people;
}

int main(int argc, char **argv) {
    int people = argc > 1 ? atoi(argv[1]) : 33;
    return share(INT_MAX, people) == 7;
}
