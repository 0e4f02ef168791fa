#ifndef CSANDBOX_PROBE_H
#define CSANDBOX_PROBE_H

// What the sandbox's tests do inside a child that no honest parser does.

#include <stdbool.h>

/// One system call with up to three arguments: its result, or minus the error number.
long probe_call(long number, long first, long second, long third);

extern const long probe_socket, probe_execve, probe_fork, probe_vfork, probe_clone, probe_clone3, probe_ptrace,
    probe_io_uring_setup, probe_kill, probe_unlink, probe_bpf, probe_memfd_create, probe_prctl, probe_setrlimit,
    probe_pidfd_open, probe_process_vm_readv, probe_tgkill, probe_userfaultfd,
    probe_gettid, probe_membarrier, probe_getcpu, probe_mknodat, probe_open_by_handle_at, probe_symlinkat, probe_linkat,
    probe_renameat2, probe_mount, probe_chroot, probe_unshare, probe_setns, probe_connect, probe_inotify_init1,
    probe_perf_event_open, probe_keyctl, probe_process_vm_writev, probe_openat2;

/// Names the calling thread.
bool probe_name_thread(const char *name);

/// Processors that this thread may run on, or minus the error number.
long probe_affinity(void);

/// Makes this process and all that it starts unable to use the named features (system calls, or options of prctl): they
/// answer with the error numbers, as older kernels and stricter containers do. False when a name is unknown.
bool probe_take_away(const char *const *names, const int *errors, int count);

#endif
