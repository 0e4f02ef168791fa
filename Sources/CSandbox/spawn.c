// Starting a child. vfork() and not fork(): the worker maps gigabytes of indexes, and copying its page tables would
// cost more than the child's whole work. The price is the discipline of this file: between vfork() and execveat() the
// child runs in the parent's memory, so it calls system-call wrappers only and writes to nothing but `report`.

#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PASSED = 3 };

typedef struct {
    int resource;
    struct rlimit limit;
} Limit;

enum { LIMIT_COUNT = 6 };

// Never above what the parent may have itself: raising a hard limit is refused, and an operator's tighter limit stands.
static Limit limited(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit now;
    if (getrlimit(resource, &now) == 0) {
        if (hard > now.rlim_max) hard = now.rlim_max;
        if (soft > hard) soft = hard;
    }
    return (Limit){resource, {soft, hard}};
}

typedef struct {
    volatile int error;
    const char *volatile operation;
} Report;

#define REQUIRE(call)                                                                               \
    do {                                                                                            \
        if ((call) < 0) {                                                                           \
            report->error = errno;                                                                  \
            report->operation = #call;                                                              \
            _exit(127);                                                                             \
        }                                                                                           \
    } while (0)

static _Noreturn void become_child(const CSandboxSpawn *spawn, const Limit *limits, int *sources, pid_t parent,
                                   Report *report) {
    // Handlers of the parent must not run here; ignored signals (SIGPIPE of a server) must not stay ignored.
    for (int number = 1; number < NSIG; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);
    }
    // When the thread that started it is gone, nobody watches the clock any more.
    REQUIRE(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    if (getppid() != parent) _exit(127);
    // Out of the terminal's reach: Ctrl-C is the parent's to handle.
    REQUIRE(setsid());

    // First out of the way of every target number, then to the targets.
    const int count = (int)spawn->descriptor_count;
    for (int i = 0; i < count; i++) REQUIRE(sources[i] = fcntl(spawn->descriptors[i], F_DUPFD_CLOEXEC, count + 1));
    int executable;
    REQUIRE(executable = fcntl(spawn->executable, F_DUPFD_CLOEXEC, count + 1));
    for (int i = 0; i < count; i++) REQUIRE(dup2(sources[i], i));
    REQUIRE(dup3(executable, count, O_CLOEXEC));
    REQUIRE(syscall(SYS_close_range, (unsigned)count + 1, ~0U, 0));

    for (int i = 0; i < LIMIT_COUNT; i++) REQUIRE(setrlimit(limits[i].resource, &limits[i].limit));
    REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

    sigset_t none;
    sigemptyset(&none);
    REQUIRE(sigprocmask(SIG_SETMASK, &none, NULL));
    REQUIRE(syscall(SYS_execveat, count, "", spawn->arguments, spawn->environment, AT_EMPTY_PATH));
    _exit(127);
}

CSandboxSpawned csandbox_spawn(const CSandboxSpawn *spawn) {
    if (spawn->descriptor_count < FIRST_PASSED || spawn->descriptor_count > 256) {
        return (CSandboxSpawned){-1, -1, EINVAL, "descriptor count"};
    }
    const Limit limits[LIMIT_COUNT] = {
        limited(RLIMIT_AS, spawn->memory, spawn->memory),
        limited(RLIMIT_CPU, spawn->cpu_seconds, spawn->cpu_seconds + 2),
        limited(RLIMIT_FSIZE, spawn->file_size, spawn->file_size),
        limited(RLIMIT_STACK, spawn->stack, spawn->stack),
        limited(RLIMIT_NOFILE, spawn->open_files, spawn->open_files),
        limited(RLIMIT_CORE, 0, 0),
    };
    int sources[256];
    Report report = {0, NULL};
    const pid_t parent = getpid();

    // No handler of this process may run in the child before it has reset them.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pid_t pid = vfork();
    if (pid == 0) become_child(spawn, limits, sources, parent, &report);
    const int vfork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) return (CSandboxSpawned){-1, -1, vfork_error, "vfork"};

    if (report.error == 0) {
        const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (pidfd >= 0) return (CSandboxSpawned){pid, pidfd, 0, NULL};
        report.error = errno;
        report.operation = "pidfd_open";
        kill(pid, SIGKILL);
    }
    int status;
    csandbox_reap(pid, &status);
    return (CSandboxSpawned){-1, -1, report.error, report.operation};
}

int csandbox_open_executable(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int csandbox_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        errno = error;
        return -1;
    }
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

int csandbox_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void csandbox_signal(int event) {
    const uint64_t one = 1;
    // Fails only when it is readable already.
    if (write(event, &one, sizeof one) < 0) return;
}

int csandbox_reap(int pid, int *status) {
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int csandbox_sealed_file(const void *bytes, size_t length) {
    int file = memfd_create("request", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    const char *at = bytes;
    size_t left = length;
    while (left > 0) {
        ssize_t written = write(file, at, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) goto failed;
        at += written;
        left -= (size_t)written;
    }
    if (fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) goto failed;
    if (lseek(file, 0, SEEK_SET) != 0) goto failed;
    return file;

failed:;
    int error = errno;
    close(file);
    errno = error;
    return -1;
}
