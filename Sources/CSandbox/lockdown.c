// The child's side: giving up what an ELF parser does not need, before the first untrusted byte.
//
// Two layers that do not know of each other. Landlock takes the file system and TCP away by object; seccomp takes
// system calls away by number, with the process killed for anything off the list. The list is what the Swift runtime,
// Foundation's JSON coders, libelf, libdw, zlib and plain threads were seen to use once loaded, and calls that reach
// nothing outside the process. libdispatch's worker threads are not on it, nor can they be: they read
// /proc/<thread>/stat now and then, and crash the process when they may not.

#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// MARK: - Landlock

// Numbers and layout of the kernel's interface, written out because Debian 12's headers stop at version 2.
enum { LANDLOCK_CREATE = 444, LANDLOCK_RESTRICT = 446, LANDLOCK_VERSION_FLAG = 1 };

typedef struct {
    uint64_t file_system, network, scoped;
} LandlockRuleset;

int csandbox_landlock_version(void) {
    long version = syscall(LANDLOCK_CREATE, NULL, 0, LANDLOCK_VERSION_FLAG);
    return version > 0 ? (int)version : 0;
}

static bool landlock(void) {
    const int version = csandbox_landlock_version();
    if (version == 0) return true;
    // Every right that the version knows is handled, none is granted. Descriptors that are already open keep theirs.
    LandlockRuleset ruleset = {0};
    const int file_rights = version >= 5 ? 16 : version >= 3 ? 15 : version == 2 ? 14 : 13;
    ruleset.file_system = (UINT64_C(1) << file_rights) - 1;
    size_t size = sizeof ruleset.file_system;
    if (version >= 4) {
        ruleset.network = 3;
        size += sizeof ruleset.network;
    }
    if (version >= 6) {
        ruleset.scoped = 3;
        size += sizeof ruleset.scoped;
    }
    int descriptor = (int)syscall(LANDLOCK_CREATE, &ruleset, size, 0);
    if (descriptor < 0) return false;
    long result = syscall(LANDLOCK_RESTRICT, descriptor, 0);
    int error = errno;
    close(descriptor);
    errno = error;
    return result == 0;
}

// MARK: - seccomp

static const int allowed[] = {
    // Descriptors that were handed over.
    SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(preadv), SCMP_SYS(write), SCMP_SYS(pwrite64),
    SCMP_SYS(writev), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(close), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
    // Memory.
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(msync), SCMP_SYS(brk),
    // Threads and signals of this process.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(getpid), SCMP_SYS(gettid),
    SCMP_SYS(getcpu), SCMP_SYS(membarrier),
    // What machine and whose process this is. qsort() sizes its buffer by sysinfo() and does not ask whether it failed.
    SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    // Clocks and randomness.
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
};

// Asked by libraries that can live with "no": a death would only hide what they wanted.
static const int refused[] = {
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
};

static int add_rules(scmp_filter_ctx filter) {
    int result = 0;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0] && result == 0; i++) {
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
        // A name that this architecture does not have (time, open, stat on arm64) needs no rule.
        if (result == -EDOM) result = 0;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0] && result == 0; i++) {
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
        if (result == -EDOM) result = 0;
    }
    if (result != 0) return result;

#define RULE(...)                                                                                   \
    do {                                                                                            \
        result = seccomp_rule_add(filter, __VA_ARGS__);                                             \
        if (result != 0) return result;                                                             \
    } while (0)
    // No new code, and no anonymous memory that is shared: the parent counts a child's private memory, and shared
    // memory would be a way around the limit.
    const scmp_datum_t sharing = MAP_SHARED | MAP_ANONYMOUS, kinds[] = {MAP_ANONYMOUS, MAP_SHARED, 0};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        RULE(SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
             SCMP_A3(SCMP_CMP_MASKED_EQ, sharing, kinds[i]));
    }
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    // fstat() as the C library spells it; a path is not to be had.
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
    RULE(SCMP_ACT_ERRNO(EACCES), SCMP_SYS(newfstatat), 1, SCMP_A3(SCMP_CMP_NE, AT_EMPTY_PATH));
    // Flags of a descriptor; not its owner, which would be a way to send signals.
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFD));
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_SETFD));
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFL));
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
    // "Is this a terminal?": no.
    RULE(SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl), 0);
    // Reading limits, never setting them.
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0));
    // Names of threads and of anonymous memory.
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, 0x53564d41 /* PR_SET_VMA */));
    // abort(), raise(): this process only.
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    // Threads, not processes. A filter cannot look into clone3's structure; "no such call" makes the C library use
    // clone.
    RULE(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    RULE(SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
#undef RULE
    return 0;
}

static int load_filter(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter) return -ENOMEM;
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    // A thread that some library started before is locked down with the rest.
    if (result == 0) result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0) result = add_rules(filter);
    if (result == 0) result = seccomp_load(filter);
    seccomp_release(filter);
    return result;
}

CSandboxLockdown csandbox_lock_down(bool is_strict, int *error) {
    struct rlimit memory, cpu, core;
    if (getrlimit(RLIMIT_AS, &memory) != 0 || getrlimit(RLIMIT_CPU, &cpu) != 0 || getrlimit(RLIMIT_CORE, &core) != 0
        || memory.rlim_cur == RLIM_INFINITY || cpu.rlim_cur == RLIM_INFINITY || core.rlim_cur != 0) {
        *error = EPERM;
        return CSANDBOX_NO_LIMITS;
    }
    // Not dumpable: no core, and no other process of this user may look inside. What fails here and below is accepted
    // where limits are all that was asked for.
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 && is_strict) {
        *error = errno;
        return CSANDBOX_DUMPABLE;
    }
    const bool has_no_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!has_no_privileges && is_strict) {
        *error = errno;
        return CSANDBOX_PRIVILEGES;
    }
    // Landlock asks for no_new_privs first.
    if (has_no_privileges && !landlock() && is_strict) {
        *error = errno;
        return CSANDBOX_NO_LANDLOCK;
    }
    if (is_strict) {
        int result = load_filter();
        if (result != 0) {
            *error = -result;
            return CSANDBOX_NO_SECCOMP;
        }
    }
    *error = 0;
    return CSANDBOX_LOCKED;
}
