// A till with clerks: ./till symbols|fd|signal|signal-fd|crash|wait. `clerk` threads wait while the main thread works.
#define _GNU_SOURCE
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct basket { int prices[10]; const char *owner; };
static volatile int sink;
static int useDescriptor;

static __attribute__((noinline)) void report(void) {
    void *frames[64];
    int count = backtrace(frames, 64);
    if (useDescriptor) {
        backtrace_symbols_fd(frames, count, 2);
        return;
    }
    char **lines = backtrace_symbols(frames, count);
    for (int i = 0; i < count; i++) fprintf(stderr, "%s\n", lines[i]);
    free(lines);
}

static void onSignal(int number) {
    fprintf(stderr, "till: signal %d\n", number);
    report();
    _exit(1);
}

static inline __attribute__((always_inline)) int unitPrice(struct basket *b, int i) {
    return b->prices[i];
}

__attribute__((noinline)) int lineTotal(struct basket *b, int i) {
    int price = unitPrice(b, i);
    sink = price;
    return price * 2;
}

__attribute__((noinline)) int checkout(struct basket *b, const char *kind) {
    if (!strcmp(kind, "wait")) {
        puts("waiting");
        fflush(stdout);
        pause();
    }
    if (!strcmp(kind, "symbols") || !strcmp(kind, "fd")) {
        report();
        sink = 1;
        return 0;
    }
    int total = lineTotal(b, 3);
    sink = total;
    return total;
}

static void *clerk(void *unused) {
    sleep(1000);
    sink = unused != NULL;
    return NULL;
}

int main(int argc, char **argv) {
    const char *kind = argc > 1 ? argv[1] : "";
    void *load[1];
    backtrace(load, 1);
    useDescriptor = strstr(kind, "fd") != NULL;
    if (strstr(kind, "signal")) signal(SIGSEGV, onSignal);
    if (strstr(kind, "crash") || strstr(kind, "wait")) {
        pthread_t t;
        for (int i = 0; i < 2; i++) {
            pthread_create(&t, NULL, clerk, NULL);
            pthread_setname_np(t, "till-clerk");
        }
        usleep(100000);
    }
    int total = checkout((struct basket *)(long)argc, kind);
    sink = total;
    return 0;
}
