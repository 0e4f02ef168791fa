#ifndef CSANDBOX_H
#define CSANDBOX_H

// What starting and locking down a sandboxed child needs and Swift cannot do safely: code between vfork() and exec(),
// raw system calls, variadic functions, libseccomp's macros, signal handlers.
//
//   parent                                    child
//   csandbox_spawn() ── vfork ── descriptors, limits, no_new_privs, own session ── execveat
//                                csandbox_lock_down(): not dumpable, Landlock, seccomp
//                                ready mark, request, task, reply

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
    /// RLIMIT_AS, bytes.
    uint64_t memory;
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
    /// Readable in poll() once the child is dead; the caller closes it.
    int pidfd;
    /// 0, or the error number of `operation`.
    int error;
    /// The call that failed.
    const char *operation;
} CSandboxSpawned;

/// Starts a child. It dies when the calling *thread* ends, so the thread must live until the child was waited for.
CSandboxSpawned csandbox_spawn(const CSandboxSpawn *spawn);

/// How far csandbox_lock_down() came.
typedef enum {
    CSANDBOX_LOCKED,
    /// The limits of csandbox_spawn() are not in force: started by hand.
    CSANDBOX_NO_LIMITS,
    /// no_new_privs or the dumpable flag could not be set.
    CSANDBOX_NO_PRCTL,
    /// The kernel has Landlock but refused.
    CSANDBOX_NO_LANDLOCK,
    /// The kernel has no seccomp filters or refused.
    CSANDBOX_NO_SECCOMP,
} CSandboxLockdown;

/// Gives up, for the rest of this process and irrevocably, the file system (Landlock, where the kernel has it) and,
/// with `use_seccomp`, every system call off the allow list. `*error` gets the error number of a refusal.
CSandboxLockdown csandbox_lock_down(bool use_seccomp, int *error);

/// The kernel's Landlock version, 0 without.
int csandbox_landlock_version(void);

/// When this process is about to die of a fault or abort() and has no address space left, it exits with `status`
/// instead, so that the parent can tell the memory limit from a bug. Returns false when the handlers could not be
/// installed.
bool csandbox_report_exhaustion(int status);

/// A sealed in-memory file holding `length` bytes, at offset 0; -1 and errno on failure.
int csandbox_sealed_file(const void *bytes, size_t length);

/// Opens a program to be started: executable is enough, readable is not needed. -1 and errno on failure.
int csandbox_open_executable(const char *path);

/// A pipe, closed on exec, whose reading end never blocks: 0, or -1 and errno.
int csandbox_pipe(int *reading, int *writing);

/// A descriptor that csandbox_signal() makes readable for ever; -1 and errno on failure.
int csandbox_event(void);

/// Makes an event readable.
void csandbox_signal(int event);

/// Waits for a dead child: 0 or an error number.
int csandbox_reap(int pid, int *status);

#ifdef __cplusplus
}
#endif

#endif
