// One program, many ends: nested calls whose last one dies in the way that the argument names.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile int sink, traps;
int *volatile nowhere;
void (*volatile no_function)(void);

__attribute__((noinline)) static void on_signal(int number) {
    sink = number;
    if (traps) __builtin_trap();
    raise(SIGILL);
    sink++;
}

__attribute__((noinline)) static int overflow(int depth) {
    volatile char pad[64];
    pad[depth & 63] = (char)depth;
    return overflow(depth + 1) + pad[0];
}

__attribute__((noinline)) static int innermost(const char *how) {
    int result = 1;
    if (!strcmp(how, "segv")) result = *nowhere;
    else if (!strcmp(how, "abort")) abort();
    else if (!strcmp(how, "bad-call")) no_function();
    else if (!strcmp(how, "overflow")) result = overflow(0);
    else if (!strcmp(how, "handler") || !strcmp(how, "handler-trap")) {
        traps = !strcmp(how, "handler-trap");
        struct sigaction action = {.sa_handler = on_signal};
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, 0);
        sigaction(SIGUSR1, &action, 0);
        raise(SIGUSR1);
    } else if (!strcmp(how, "trap")) __builtin_trap();
    else if (!strcmp(how, "divide")) result = 7 / sink;
    return result + sink;
}

__attribute__((noinline)) static int middle(const char *how) { return innermost(how) + 2; }
__attribute__((noinline)) static int outer(const char *how) { return middle(how) + 3; }

int main(int count, char **arguments) {
    sink = 0;
    return outer(count > 1 ? arguments[1] : "segv");
}
