// Several named threads: one waits in a system call, one on a condition, one computes; then another one dies.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t started;
static volatile unsigned long counter;
static int pipe_ends[2];
int *volatile nowhere;

__attribute__((noinline)) static void read_for_ever(void) {
    char byte;
    while (read(pipe_ends[0], &byte, 1) >= 0) counter++;
}

static void *reader(void *unused) {
    pthread_setname_np(pthread_self(), "reader");
    pthread_barrier_wait(&started);
    read_for_ever();
    return unused;
}

static void *waiter(void *unused) {
    pthread_setname_np(pthread_self(), "waiter");
    pthread_mutex_lock(&mutex);
    pthread_barrier_wait(&started);
    pthread_cond_wait(&never, &mutex);
    return unused;
}

static void *spinner(void *unused) {
    pthread_setname_np(pthread_self(), "spinner");
    pthread_barrier_wait(&started);
    for (;;) counter++;
    return unused;
}

__attribute__((noinline)) static int die(int depth) { return depth == 0 ? *nowhere : die(depth - 1) + 1; }

static void *crasher(void *unused) {
    pthread_setname_np(pthread_self(), "crasher");
    pthread_barrier_wait(&started);
    usleep(50000);
    counter += die(5);
    return unused;
}

int main(void) {
    if (pipe(pipe_ends)) return 1;
    pthread_barrier_init(&started, 0, 5);
    void *(*bodies[])(void *) = {reader, waiter, spinner, crasher};
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        pthread_create(&thread, 0, bodies[i], 0);
    }
    pthread_barrier_wait(&started);
    for (;;) pause();
}
