// Starting, signalling and outliving one program: the parts of a supervisor that are not safe to write in Swift, because
// they run between vfork() and exec, inside a signal handler, or while the process ends; and a few calls that Swift's Glibc
// module leaves out.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/// What to start.
typedef struct {
    /// The files to try, in order, as a shell goes through PATH; ends with NULL.
    char *const *candidates;
    /// `argv`, ends with NULL; `argv[0]` is what the user called the program.
    char *const *arguments;
    /// `argv` for `/bin/sh` when a candidate is a script without `#!`: `[0]` is "sh", `[1]` is filled in with the
    /// candidate, the rest are the arguments from 1 on; ends with NULL. May be NULL: then no shell is tried.
    char **shell_arguments;
    char *const *environment;
    /// What becomes descriptors 0, 1 and 2; -1 leaves the parent's.
    int descriptors[3];
    /// Signals that stay ignored in the program because this process found them ignored: bit N for signal N.
    uint64_t ignored_signals;
} CProcessStart;

/// A started program, or why there is none.
typedef struct {
    /// -1 when nothing was started.
    pid_t pid;
    /// The error number of vfork(), dup2() or of the last exec that found a file.
    int error;
} CProcessStarted;

/// Starts a program in this process's group and session, with the given standard streams, no other descriptor of this
/// process that is close-on-exec, default dispositions and an empty signal mask.
CProcessStarted cprocess_start(const CProcessStart *start);

/// What the handler writes into the pipe for each signal.
typedef struct {
    uint8_t number;
    /// Whether the kernel sent it (a terminal's key, a hang-up): the program, being in the same group, got it as well.
    bool is_from_kernel;
} CProcessSignal;

/// Makes every signal in `signals` (bit N for signal N) arrive as a ``CProcessSignal`` in a pipe, and unblocks it in the
/// calling thread. Signals that are ignored stay so, except SIGCHLD and SIGPIPE.
///
/// Returns the pipe's end to read, non-blocking and close-on-exec, or -1 with errno. `ignored` gets the signals that
/// stay ignored. Once a process.
int cprocess_catch_signals(uint64_t signals, uint64_t *ignored);

/// Ends this process by `signal`, as its child was ended, without writing a core of its own. Where the signal does not
/// end a process (PID 1), the status is 128 + `signal`, as a shell's.
_Noreturn void cprocess_die_by_signal(int signal);

/// Gives a process that is missing one of descriptors 0 to 2 /dev/null there: a pipe must not become standard error.
void cprocess_complete_standard_streams(void);

/// Whether another process has the file behind `descriptor` open for writing: 1 yes, 0 no, -1 the kernel does not say.
int cprocess_has_writer(int descriptor);

/// Gives back memory that a process about to sleep for long does not need: what it freed, and the pages of its code, which
/// come back from the page cache one by one when they are executed again.
void cprocess_release_memory(void);

/// A pipe that no started program inherits; `ends[0]` is to read, non-blocking. 0, or -1 with errno.
int cprocess_pipe(int ends[2]);

/// renameat(2) that fails with EEXIST instead of replacing a file, and with EINVAL or ENOSYS where that cannot be had.
int cprocess_rename_exclusively(int old_folder, const char *old_name, int new_folder, const char *new_name);

/// This process's environment as it is now: `KEY=VALUE` each, ends with NULL.
char *const *cprocess_environment(void);
