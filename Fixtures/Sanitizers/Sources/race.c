// Data races for ThreadSanitizer: ./race heap|global|mutex|leak.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int stock;
static int *shelf;
static pthread_mutex_t lock;

__attribute__((noinline)) void put(int *where, int value) {
    *where = value;
}

static inline __attribute__((always_inline)) void sell(int *where) {
    put(where, 1);
}

__attribute__((noinline)) void *clerk(void *where) {
    sell(where);
    return NULL;
}

__attribute__((noinline)) void *carefulClerk(void *where) {
    pthread_mutex_lock(&lock);
    put(where, 2);
    pthread_mutex_unlock(&lock);
    return NULL;
}

int main(int argc, char **argv) {
    const char *kind = argc > 1 ? argv[1] : "";
    pthread_t a, b;
    int *where = &stock;
    if (!strcmp(kind, "leak")) {
        pthread_create(&a, NULL, clerk, where);
        sleep(1);
        return 0;
    }
    if (!strcmp(kind, "heap")) where = shelf = malloc(sizeof *shelf);
    pthread_mutex_init(&lock, NULL);
    pthread_create(&a, NULL, clerk, where);
    usleep(200000);
    pthread_create(&b, NULL, strcmp(kind, "mutex") ? clerk : carefulClerk, where);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    return 0;
}
