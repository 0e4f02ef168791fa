#ifndef CSANDBOX_H
#define CSANDBOX_H

// What starting and locking down a sandboxed child needs and Swift cannot do safely: code between vfork() and exec(),
// raw system calls, variadic functions, libseccomp's macros, signal handlers.
//
//   parent                                    child
//   csandbox_spawn() ── vfork ── descriptors, limits, no_new_privs, own session ── execveat
//   csandbox_memory_used()       csandbox_lock_down(): not dumpable, Landlock, seccomp
//                                ready mark, request, task, reply
//          ◀── page of shared memory ── csandbox_progress(), csandbox_working()

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What to start. Descriptor `descriptors[i]` becomes descriptor i of the child; all others are closed.
typedef struct {
    /// Opened with O_PATH or for reading.
    int executable;
    /// NULL-terminated.
    char *const *arguments;
    /// NULL-terminated.
    char *const *environment;
    const int *descriptors;
    size_t descriptor_count;
    /// Without no_new_privs and death with the parent nothing is started.
    bool is_strict;
    /// RLIMIT_AS, bytes.
    uint64_t address_space;
    /// RLIMIT_CPU, seconds: SIGXCPU, two seconds later SIGKILL.
    uint64_t cpu_seconds;
    /// RLIMIT_FSIZE, bytes: SIGXFSZ.
    uint64_t file_size;
    /// RLIMIT_STACK, bytes.
    uint64_t stack;
    /// RLIMIT_NOFILE, descriptors.
    uint64_t open_files;
} CSandboxSpawn;

/// A started child, or why there is none.
typedef struct {
    int pid;
    /// Readable in poll() once the child is dead; the caller closes it. -1 where the kernel has no such thing.
    int pidfd;
    /// 0, or the error number of `operation`.
    int error;
    /// The call that failed, or CSANDBOX_NO_NEW_PRIVS or CSANDBOX_RESOURCE_LIMITS.
    const char *operation;
} CSandboxSpawned;

/// Parts of the sandbox that csandbox_spawn() may find missing.
#define CSANDBOX_NO_NEW_PRIVS "no_new_privs"
#define CSANDBOX_RESOURCE_LIMITS "resource limits"

/// Starts a child. It dies when the calling *thread* ends, so the thread must live until the child was waited for.
CSandboxSpawned csandbox_spawn(const CSandboxSpawn *spawn);

/// How far csandbox_lock_down() came.
typedef enum {
    CSANDBOX_LOCKED,
    /// The limits of csandbox_spawn() are not in force: started by hand.
    CSANDBOX_NO_LIMITS,
    /// no_new_privs could not be set.
    CSANDBOX_PRIVILEGES,
    /// The dumpable flag could not be cleared.
    CSANDBOX_DUMPABLE,
    /// The kernel has Landlock but refused.
    CSANDBOX_NO_LANDLOCK,
    /// The kernel has no seccomp filters or refused.
    CSANDBOX_NO_SECCOMP,
} CSandboxLockdown;

/// Gives up, for the rest of this process and irrevocably, the file system (Landlock, where the kernel has it) and,
/// when strict, every system call off the allow list. Strict, all of it must be in force, except for Landlock on a
/// kernel without; else the limits must be, and the rest as far as the kernel goes along. `*error` gets the error
/// number of a refusal.
CSandboxLockdown csandbox_lock_down(bool is_strict, int *error);

/// The kernel's Landlock version, 0 without.
int csandbox_landlock_version(void);

/// When this process is about to die of a fault or abort() and has no address space left, it exits with `status`
/// instead, so that the parent can tell the memory limit from a bug. Returns false when the handlers could not be
/// installed.
bool csandbox_report_exhaustion(int status);

// MARK: What the child says while it works

/// Bytes of the page that parent and child share.
enum { CSANDBOX_REPORT_SIZE = 16384 };

/// An empty page of the above size to hand over, which neither side can make smaller; -1 and errno on failure.
int csandbox_report_file(void);

/// Maps the page and closes its descriptor. Without a page the three functions below do nothing.
bool csandbox_use_report(int descriptor);

/// So much of so much is done. From any thread; `done` never goes back.
void csandbox_progress(uint64_t done, uint64_t total);

/// This thread works on `step` (of `subject`, unless that is empty; without "of" behind a single word), cut to about a
/// hundred bytes; `place` is an offset, UINT64_MAX for none.
void csandbox_working(const char *step, size_t step_length, const char *subject, size_t subject_length, uint64_t place);

/// This thread works on another place of the same step.
void csandbox_working_at(uint64_t place);

/// This thread works on nothing any more.
void csandbox_idle(void);

// MARK: What the parent watches

/// A descriptor for csandbox_memory_used(); -1 and errno when this machine does not show it.
int csandbox_open_memory(int pid);

/// Private memory in bytes that the process holds, in RAM or swapped out, with its page tables; 0 for a dead one.
uint64_t csandbox_memory_used(int memory);

/// Sets RLIMIT_AS of a running process: 0 or an error number.
int csandbox_limit_address_space(int pid, uint64_t bytes);

/// Whether the child is dead and waits for csandbox_reap(): for kernels without pidfds.
bool csandbox_is_dead(int pid);

/// Processors that this process may run on, at least 1.
int csandbox_processor_count(void);

// MARK: Descriptors

/// A sealed in-memory file holding `length` bytes, at offset 0; -1 and errno on failure.
int csandbox_sealed_file(const void *bytes, size_t length);

/// Opens a program to be started: executable is enough, readable is not needed. -1 and errno on failure.
int csandbox_open_executable(const char *path);

/// A pipe, closed on exec, whose reading end never blocks: 0, or -1 and errno.
int csandbox_pipe(int *reading, int *writing);

/// A pipe, closed on exec, whose ends both block: 0, or -1 and errno.
int csandbox_gate(int *reading, int *writing);

/// Waits until the other end of a gate writes something (true) or is closed (false), and closes this one.
bool csandbox_pass_gate(int reading);

/// A descriptor that csandbox_signal() makes readable for ever; -1 and errno on failure.
int csandbox_event(void);

/// Makes an event readable, or opens a gate.
void csandbox_signal(int event);

/// Waits for a dead child: 0 or an error number.
int csandbox_reap(int pid, int *status);

#ifdef __cplusplus
}
#endif

#endif
