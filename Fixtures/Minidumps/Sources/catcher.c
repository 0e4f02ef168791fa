// Preloaded into a program: when it crashes, runs Crashpad's handler on it, as a Crashpad client without a running handler
// does, then says so and waits, so that a debugger can look at the same stack.
//
//   CATCHER_HANDLER   the program crashpad_handler; without it the crashed program only waits
//   CATCHER_DATABASE  where it puts the minidump
//   CATCHER_READY     a file to make when the dump is written; without it this library does nothing
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// What --trace-parent-with-exception wants to find in the crashed process: where siginfo_t and ucontext_t are, and the
// thread.
static struct __attribute__((packed)) {
    uint64_t information, context;
    int32_t thread;
} exception;

static int run(const char *handler) {
    char database[1024], trace[64];
    snprintf(database, sizeof database, "--database=%s", getenv("CATCHER_DATABASE"));
    snprintf(trace, sizeof trace, "--trace-parent-with-exception=0x%lx", (unsigned long)(uintptr_t)&exception);
    pid_t child = fork();
    if (child == 0) {
        unsetenv("LD_PRELOAD");
        execl(handler, "crashpad_handler", database, trace, "--no-periodic-tasks", (char *)NULL);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

static void caught(int signal, siginfo_t *information, void *context) {
    (void)signal;
    exception.information = (uint64_t)(uintptr_t)information;
    exception.context = (uint64_t)(uintptr_t)context;
    exception.thread = (int32_t)syscall(SYS_gettid);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    int status = 0;
    const char *handler = getenv("CATCHER_HANDLER");
    if (handler) status = run(handler);
    if (status == 0) close(open(getenv("CATCHER_READY"), O_CREAT | O_WRONLY, 0600));
    for (;;) pause();
}

__attribute__((constructor)) static void install(void) {
    if (!getenv("CATCHER_READY")) return;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = caught;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
}
