#ifndef CSANDBOX_PROBE_H
#define CSANDBOX_PROBE_H

// What the sandbox's tests do inside a child that no honest parser does.

#include <stdbool.h>

/// One system call with up to three arguments: its result, or minus the error number.
long probe_call(long number, long first, long second, long third);

extern const long probe_socket, probe_execve, probe_fork, probe_vfork, probe_clone, probe_clone3, probe_ptrace,
    probe_io_uring_setup, probe_kill, probe_unlink, probe_bpf, probe_memfd_create, probe_prctl, probe_setrlimit,
    probe_pidfd_open, probe_process_vm_readv, probe_tgkill, probe_userfaultfd;

/// Makes this process and all that it becomes unable to install seccomp filters, as a kernel without them would.
bool probe_forbid_seccomp(void);

/// Starts this program anew with the given NULL-terminated arguments and environment; returns on failure only.
void probe_start_anew(char *const *arguments, char *const *environment);

#endif
