// Says something, starts a thread and dies through a library.
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

int middle(int (*call)(int), int value);
static int faulting(int value) { return *(volatile int *)(long)value; }
static void *worker(void *unused) {
    for (;;) pause();
    return unused;
}

int main(void) {
    fprintf(stderr, "till: opening the drawer\n");
    pthread_t thread;
    pthread_create(&thread, 0, worker, 0);
    usleep(100000);
    return middle(faulting, 24);
}
