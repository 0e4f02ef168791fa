#define _GNU_SOURCE
#include "include/CSandboxProbe.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

long probe_call(long number, long first, long second, long third) {
    long result = syscall(number, first, second, third, 0, 0, 0);
    return result < 0 ? -errno : result;
}

const long probe_socket = SYS_socket, probe_execve = SYS_execve, probe_clone = SYS_clone, probe_clone3 = SYS_clone3,
           probe_ptrace = SYS_ptrace, probe_io_uring_setup = SYS_io_uring_setup, probe_kill = SYS_kill,
           probe_bpf = SYS_bpf, probe_memfd_create = SYS_memfd_create, probe_prctl = SYS_prctl,
           probe_setrlimit = SYS_prlimit64, probe_tgkill = SYS_tgkill, probe_pidfd_open = SYS_pidfd_open,
           probe_process_vm_readv = SYS_process_vm_readv, probe_userfaultfd = SYS_userfaultfd,
           probe_gettid = SYS_gettid, probe_membarrier = SYS_membarrier, probe_getcpu = SYS_getcpu,
           probe_mknodat = SYS_mknodat, probe_open_by_handle_at = SYS_open_by_handle_at,
           probe_symlinkat = SYS_symlinkat, probe_linkat = SYS_linkat, probe_renameat2 = SYS_renameat2,
           probe_mount = SYS_mount, probe_chroot = SYS_chroot, probe_unshare = SYS_unshare, probe_setns = SYS_setns,
           probe_connect = SYS_connect,
           probe_inotify_init1 = SYS_inotify_init1, probe_perf_event_open = SYS_perf_event_open,
           probe_keyctl = SYS_keyctl, probe_process_vm_writev = SYS_process_vm_writev, probe_openat2 = 437;

bool probe_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name) == 0; }

long probe_affinity(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : -errno;
}

#ifdef SYS_fork
const long probe_fork = SYS_fork, probe_vfork = SYS_vfork, probe_unlink = SYS_unlink;
#else
// No such calls on this architecture: the ones that took their place.
const long probe_fork = SYS_clone, probe_vfork = SYS_clone, probe_unlink = SYS_unlinkat;
#endif

// MARK: - Kernels and containers with less

typedef struct {
    const char *name;
    int number;
    /// Of prctl: only this option. -1 for other calls.
    int option;
} Feature;

static const Feature features[] = {
    {"landlock_create_ruleset", 444, -1},
    {"landlock_restrict_self", 446, -1},
    {"seccomp", SYS_seccomp, -1},
    {"PR_SET_SECCOMP", SYS_prctl, PR_SET_SECCOMP},
    {"PR_SET_NO_NEW_PRIVS", SYS_prctl, PR_SET_NO_NEW_PRIVS},
    {"PR_SET_DUMPABLE", SYS_prctl, PR_SET_DUMPABLE},
    {"PR_SET_PDEATHSIG", SYS_prctl, PR_SET_PDEATHSIG},
    {"clone3", SYS_clone3, -1},
    {"close_range", SYS_close_range, -1},
    {"eventfd2", SYS_eventfd2, -1},
    {"execveat", SYS_execveat, -1},
    {"membarrier", SYS_membarrier, -1},
    {"memfd_create", SYS_memfd_create, -1},
    {"openat2", 437, -1},
    {"pidfd_open", SYS_pidfd_open, -1},
    {"pipe2", SYS_pipe2, -1},
    {"prlimit64", SYS_prlimit64, -1},
    {"sched_getaffinity", SYS_sched_getaffinity, -1},
    {"setsid", SYS_setsid, -1},
};

enum { FEATURE_COUNT = sizeof features / sizeof features[0] };

bool probe_take_away(const char *const *names, const int *errors, int count) {
    struct sock_filter program[8 * FEATURE_COUNT];
    unsigned short length = 0;
    for (int i = 0; i < count; i++) {
        const Feature *feature = NULL;
        for (int j = 0; j < FEATURE_COUNT; j++) {
            if (strcmp(features[j].name, names[i]) == 0) feature = &features[j];
        }
        if (!feature || length + 5 > 8 * FEATURE_COUNT) return false;
        const bool has_option = feature->option >= 0;
#define ADD(...) program[length++] = (struct sock_filter)__VA_ARGS__
        ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, feature->number, 0, has_option ? 3 : 1));
        if (has_option) {
            ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])));
            ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, feature->option, 0, 1));
        }
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (errors[i] & SECCOMP_RET_DATA)));
    }
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
#undef ADD
    struct sock_fprog filter = {length, program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}
