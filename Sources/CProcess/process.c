// vfork() and not fork(), for the reason given in CSandbox; and posix_spawn() only tries PATH as it sees it fit and cannot
// say which candidate failed how. Between vfork() and exec the child runs in this process's memory: system-call wrappers
// only, and writes to nothing but `error`.

#define _GNU_SOURCE
#include "include/CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LAST_SIGNAL = 64 };

static bool contains(uint64_t signals, int number) { return number < LAST_SIGNAL && (signals >> number & 1) != 0; }

static void become_program(const CProcessStart *start, volatile int *error) {
    for (int number = 1; number < LAST_SIGNAL; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        struct sigaction action = {.sa_handler = contains(start->ignored_signals, number) ? SIG_IGN : SIG_DFL};
        sigaction(number, &action, NULL);
    }
    // Out of the way of 0, 1 and 2 first: one of the sources may be one of the targets.
    int sources[3] = {-1, -1, -1};
    for (int i = 0; i < 3; i++) {
        if (start->descriptors[i] < 0) continue;
        if ((sources[i] = fcntl(start->descriptors[i], F_DUPFD_CLOEXEC, 3)) < 0) goto failed;
    }
    for (int i = 0; i < 3; i++) {
        if (sources[i] >= 0 && dup2(sources[i], i) < 0) goto failed;
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int failure = ENOENT;
    for (char *const *candidate = start->candidates; *candidate; candidate++) {
        execve(*candidate, start->arguments, start->environment);
        if (errno == ENOEXEC && start->shell_arguments) {
            start->shell_arguments[1] = *candidate;
            execve("/bin/sh", start->shell_arguments, start->environment);
            errno = ENOEXEC;
        }
        // As execvp(3): a folder of PATH without the file is passed over, and so is a file that may not be executed,
        // which is remembered.
        if (errno != ENOENT && errno != ENOTDIR) failure = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
    }
    // Written only here: after an exec that worked, the parent must read 0.
    *error = failure;
    _exit(127);
failed:
    *error = errno;
    _exit(127);
}

CProcessStarted cprocess_start(const CProcessStart *start) {
    volatile int error = 0;
    // A handler that ran in the child before its dispositions are reset would write into this process's pipe.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t child = vfork();
    if (child == 0) become_program(start, &error);
    const int failure = child < 0 ? errno : error;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return (CProcessStarted){child, child < 0 ? failure : error};
}

// Written once before the handlers are installed.
static volatile int signal_pipe = -1;

static void handle(int number, siginfo_t *information, void *context) {
    (void)context;
    const int saved = errno;
    const CProcessSignal record = {(uint8_t)number, information->si_code == SI_KERNEL};
    // A full pipe holds 30,000 signals that nobody has read: one more would change nothing.
    if (write(signal_pipe, &record, sizeof record) < 0) errno = saved;
    errno = saved;
}

int cprocess_catch_signals(uint64_t signals, uint64_t *ignored) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -1;
    signal_pipe = ends[1];
    *ignored = 0;
    sigset_t caught;
    sigemptyset(&caught);
    for (int number = 1; number < LAST_SIGNAL; number++) {
        struct sigaction before;
        if (sigaction(number, NULL, &before) < 0) continue;
        if (number != SIGCHLD && number != SIGPIPE && before.sa_handler == SIG_IGN) {
            *ignored |= (uint64_t)1 << number;
            continue;
        }
        if (!contains(signals, number)) continue;
        // No SA_RESTART: a write to a terminal that stands still must not keep a signal waiting.
        struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO};
        sigfillset(&action.sa_mask);
        if (sigaction(number, &action, NULL) == 0) sigaddset(&caught, number);
    }
    pthread_sigmask(SIG_UNBLOCK, &caught, NULL);
    return ends[0];
}

void cprocess_die_by_signal(int signal) {
    // The program's core is the one that counts. The limit is for files; a core_pattern with a pipe looks at dumpable.
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    sigset_t just;
    sigemptyset(&just);
    sigaddset(&just, signal);
    pthread_sigmask(SIG_UNBLOCK, &just, NULL);
    raise(signal);
    _exit(128 + signal);
}

void cprocess_complete_standard_streams(void) {
    for (int number = 0; number < 3; number++) {
        // The lowest free descriptor is `number`, as those below it are open.
        if (fcntl(number, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0) return;
    }
}

int cprocess_has_writer(int descriptor) {
    // A read lease is refused while the file is open for writing; it is given back at once. Whoever opens the file in
    // between makes the kernel send a signal, which would be SIGIO and end this process.
    if (fcntl(descriptor, F_SETSIG, SIGURG) < 0) return -1;
    if (fcntl(descriptor, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN ? 1 : -1;
    fcntl(descriptor, F_SETLEASE, F_UNLCK);
    return 0;
}

void cprocess_release_memory(void) {
    malloc_trim(0);
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps) return;
    char line[4352];
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char access[5], path[2] = "";
        // Code of files only: nobody writes to it, so nothing is lost. Constants may share pages with relocated pointers.
        if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %1s", &start, &end, access, path) == 4 && path[0] == '/' &&
            strcmp(access, "r-xp") == 0) {
            madvise((void *)start, end - start, MADV_DONTNEED);
        }
    }
    fclose(maps);
    malloc_trim(0);
}

int cprocess_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int cprocess_rename_exclusively(int old_folder, const char *old_name, int new_folder, const char *new_name) {
    return renameat2(old_folder, old_name, new_folder, new_name, RENAME_NOREPLACE);
}

char *const *cprocess_environment(void) { return environ; }
