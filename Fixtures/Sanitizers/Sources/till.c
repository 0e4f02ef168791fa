// Faults for AddressSanitizer, LeakSanitizer and libFuzzer's kin: ./till KIND.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct basket { int prices[10]; };
static volatile int sink;

static inline __attribute__((always_inline)) int unitPrice(struct basket *b, int i) {
    return b->prices[i];
}

__attribute__((noinline)) int lineTotal(struct basket *b, int i) {
    int price = unitPrice(b, i);
    sink = price;
    return price * 2;
}

__attribute__((noinline)) struct basket *newBasket(void) {
    struct basket *b = malloc(sizeof *b);
    memset(b, 0, sizeof *b);
    return b;
}

__attribute__((noinline)) void discard(struct basket *b) {
    free(b);
    sink = 1;
}

__attribute__((noinline)) int descend(int depth) {
    volatile char page[2048];
    page[depth % 2048] = 1;
    return descend(depth + 1) + page[0];
}

static void *clerk(void *b) {
    sink = lineTotal(b, 3);
    return NULL;
}

__attribute__((noinline)) void forget(void) {
    for (int i = 0; i < 3; i++) sink = newBasket()->prices[i];
    char *name = malloc(7);
    strcpy(name, "carrot");
    sink = name[0];
}

int main(int argc, char **argv) {
    const char *kind = argc > 1 ? argv[1] : "";
    struct basket *b = newBasket();
    if (!strcmp(kind, "uaf")) {
        discard(b);
        return lineTotal(b, 3);
    }
    if (!strcmp(kind, "thread-uaf")) {
        pthread_t t;
        discard(b);
        pthread_create(&t, NULL, clerk, b);
        pthread_join(t, NULL);
        return 0;
    }
    if (!strcmp(kind, "overflow")) return lineTotal(b, 10);
    if (!strcmp(kind, "double-free")) {
        discard(b);
        discard(b);
        return 0;
    }
    if (!strcmp(kind, "recursion")) return descend(argc);
    if (!strcmp(kind, "segv")) return lineTotal((struct basket *)(long)argc, 3);
    if (!strcmp(kind, "stack")) {
        struct basket local;
        memset(&local, 0, sizeof local);
        return lineTotal(&local, 10 + argc - 2);
    }
    if (!strcmp(kind, "leak")) forget();
    discard(b);
    return 0;
}
