// Starting a child. vfork() and not fork(): the worker maps gigabytes of indexes, and copying its page tables would
// cost more than the child's whole work. The price is the discipline of this file: between vfork() and execveat() the
// child runs in the parent's memory, so it calls system-call wrappers only and writes to nothing but `report`.

#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
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

#define REQUIRE(name, call)                                                                         \
    do {                                                                                            \
        if ((call) < 0) {                                                                           \
            report->error = errno;                                                                  \
            report->operation = name;                                                               \
            _exit(127);                                                                             \
        }                                                                                           \
    } while (0)

/// The kernel's record of a folder's entry.
typedef struct {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
} FolderEntry;

// close_range() for kernels before 5.9 and containers that refuse it. No opendir(): this must not touch the heap.
static int close_all_from(int first) {
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0) return 0;
    const int error = errno;
    const int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _Alignas(FolderEntry) char entries[2048];
    long length = -1;
    while (folder >= 0 && (length = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
        for (long at = 0; at < length;) {
            const FolderEntry *entry = (const FolderEntry *)(entries + at);
            at += entry->length;
            int number = 0;
            for (const char *digit = entry->name; *digit >= '0' && *digit <= '9'; digit++) {
                number = number * 10 + (*digit - '0');
            }
            if (number >= first && number != folder) close(number);
        }
    }
    if (folder >= 0) close(folder);
    if (length != 0) errno = error;
    return length == 0 ? 0 : -1;
}

// execveat() of a descriptor, or its older spelling.
static int execute(int executable, char *const *arguments, char *const *environment) {
    syscall(SYS_execveat, executable, "", arguments, environment, AT_EMPTY_PATH);
    const int error = errno;
    char path[24] = "/proc/self/fd/", *digit = path + strlen(path);
    for (int unit = 100; unit > 0; unit /= 10) {
        if (executable >= unit || unit == 1) *digit++ = (char)('0' + executable / unit % 10);
    }
    if (error == ENOSYS || error == EPERM) execve(path, arguments, environment);
    errno = error;
    return -1;
}

static _Noreturn void become_child(const CSandboxSpawn *spawn, const Limit *limits, int *sources, pid_t parent,
                                   Report *report) {
    // Handlers of the parent must not run here; ignored signals (SIGPIPE of a server) must not stay ignored.
    for (int number = 1; number < NSIG; number++) {
        if (number == SIGKILL || number == SIGSTOP) continue;
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);
    }
    // When the thread that started it is gone, nobody watches the clock any more.
    const int dies_with_parent = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (spawn->is_strict) REQUIRE("PR_SET_PDEATHSIG", dies_with_parent);
    if (getppid() != parent) _exit(127);
    // Out of the terminal's reach: Ctrl-C is the parent's to handle.
    REQUIRE("setsid", setsid());

    // First out of the way of every target number, then to the targets.
    const int count = (int)spawn->descriptor_count;
    for (int i = 0; i < count; i++) {
        REQUIRE("dup", sources[i] = fcntl(spawn->descriptors[i], F_DUPFD_CLOEXEC, count + 1));
    }
    int executable;
    REQUIRE("dup", executable = fcntl(spawn->executable, F_DUPFD_CLOEXEC, count + 1));
    for (int i = 0; i < count; i++) REQUIRE("dup2", dup2(sources[i], i));
    REQUIRE("dup3", dup3(executable, count, O_CLOEXEC));
    REQUIRE("close_range", close_all_from(count + 1));

    for (int i = 0; i < LIMIT_COUNT; i++) {
        REQUIRE(CSANDBOX_RESOURCE_LIMITS, setrlimit(limits[i].resource, &limits[i].limit));
    }
    const int has_no_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (spawn->is_strict) REQUIRE(CSANDBOX_NO_NEW_PRIVS, has_no_privileges);

    sigset_t none;
    sigemptyset(&none);
    REQUIRE("sigprocmask", sigprocmask(SIG_SETMASK, &none, NULL));
    REQUIRE("execveat", execute(count, spawn->arguments, spawn->environment));
    _exit(127);
}

CSandboxSpawned csandbox_spawn(const CSandboxSpawn *spawn) {
    if (spawn->descriptor_count < FIRST_PASSED || spawn->descriptor_count > 256) {
        return (CSandboxSpawned){-1, -1, EINVAL, "descriptor count"};
    }
    const Limit limits[LIMIT_COUNT] = {
        limited(RLIMIT_AS, spawn->address_space, spawn->address_space),
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

    // Without pidfds (Linux 5.3) the caller asks csandbox_is_dead().
    if (report.error == 0) return (CSandboxSpawned){pid, (int)syscall(SYS_pidfd_open, pid, 0), 0, NULL};
    int status;
    csandbox_reap(pid, &status);
    return (CSandboxSpawned){-1, -1, report.error, report.operation};
}

int csandbox_open_executable(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int csandbox_reap(int pid, int *status) {
    while (waitpid(pid, status, 0) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}
