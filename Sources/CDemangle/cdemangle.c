// How a demangler that aborts is survived
//
// Some malformed Swift names make libswiftCore's demangler call abort(), and a name with enough nesting can run any
// recursive demangler out of stack. With guards installed:
//
//     cdemangle() ── sigsetjmp ──▶ demangler ──▶ abort()
//          ▲                                       │ SIGABRT, on the alternate stack
//          └───────────── siglongjmp ◀── handler ◀─┘        returns CDEMANGLE_DIED
//
// Jumping out of a demangler leaks what it had allocated, and if the signal struck inside malloc() it leaves the heap's
// lock taken or the heap damaged. That is a price only a disposable process may pay: one that works on a single
// untrusted file, holds nothing of value, has limits on memory, processor time and wall clock, and is watched by a
// parent that starts a fresh one (and quarantines the file) when this one hangs or dies after all. In any other process
// the guards must not be installed; there a demangler's death is an honest death.

#include "include/CDemangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Exported by libswiftCore, declared in no installed header. The result is malloc'ed.
extern char *swift_demangle(const char *name, size_t length, char *out, size_t *out_size, uint32_t flags);
extern char *_swift_backtrace_demangle(const char *name, size_t length, char *out, size_t *out_size);

// More deaths than this in one process mean that somebody is trying: every death leaks, so the demangler is left alone.
enum { MAX_DEATHS = 4096, ALTERNATE_STACK = 64 * 1024 };

static const int guarded_signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
enum { GUARDED_SIGNALS = sizeof guarded_signals / sizeof guarded_signals[0] };

static atomic_bool guards_installed;
static atomic_ulong deaths;
static struct sigaction previous[GUARDED_SIGNALS];

// The jump's target while this thread is inside a demangler, else NULL.
static _Thread_local sigjmp_buf *volatile guard;
static _Thread_local bool has_alternate_stack;

// MARK: - Output with a cap

typedef struct {
    char *bytes;
    size_t length, capacity, limit;
    CDemangleOutcome outcome;
    jmp_buf stop;
} Sink;

// Called by libiberty's printers with pieces of the text. They have no way to be told to stop, and a name of a few
// hundred bytes can ask for gigabytes of text (substitutions that double), hence the jump: the printers hold no heap
// memory.
static void sink_append(const char *piece, size_t length, void *context) {
    Sink *sink = context;
    if (length > sink->limit - sink->length) {
        sink->outcome = CDEMANGLE_TOO_LONG;
        longjmp(sink->stop, 1);
    }
    if (length + 1 > sink->capacity - sink->length) {
        size_t capacity = 2 * (sink->length + length + 1);
        char *bytes = realloc(sink->bytes, capacity);
        if (!bytes) {
            sink->outcome = CDEMANGLE_NO_MEMORY;
            longjmp(sink->stop, 1);
        }
        sink->bytes = bytes;
        sink->capacity = capacity;
    }
    memcpy(sink->bytes + sink->length, piece, length);
    sink->length += length;
    sink->bytes[sink->length] = 0;
}

static int print_cpp(CDemangleForm form, const char *name, size_t length, Sink *sink) {
    int options = form == CDEMANGLE_CPP_FULL ? DMGL_PARAMS | DMGL_ANSI : DMGL_NO_OPTS;
    // libiberty's recursion limit also refuses every name longer than half of it, however flat, and real template names
    // are longer. Their length is capped by the caller, their stack by the guards.
    if (2 * length >= DEMANGLE_RECURSION_LIMIT) options |= DMGL_NO_RECURSE_LIMIT;
    return cplus_demangle_v3_callback(name, options, sink_append, sink);
}

static void run_printer(CDemangleForm form, const char *name, size_t length, Sink *sink) {
    if (setjmp(sink->stop) != 0) return;
    int known = form == CDEMANGLE_RUST ? rust_demangle_callback(name, DMGL_NO_OPTS, sink_append, sink)
                                       : print_cpp(form, name, length, sink);
    sink->outcome = known && sink->length > 0 ? CDEMANGLE_OK : CDEMANGLE_UNREADABLE;
}

static void take_whole(char *text, Sink *sink) {
    if (!text) return;
    sink->length = strlen(text);
    sink->bytes = text;
    sink->outcome = sink->length == 0 ? CDEMANGLE_UNREADABLE
        : sink->length > sink->limit  ? CDEMANGLE_TOO_LONG
                                      : CDEMANGLE_OK;
}

static void run(CDemangleForm form, const char *name, size_t length, Sink *sink) {
    switch (form) {
    case CDEMANGLE_SWIFT_FULL:
        take_whole(swift_demangle(name, length, NULL, NULL, 0), sink);
        break;
    case CDEMANGLE_SWIFT_SIMPLIFIED:
        take_whole(_swift_backtrace_demangle(name, length, NULL, NULL), sink);
        break;
    case CDEMANGLE_D:
        take_whole(dlang_demangle(name, DMGL_NO_OPTS), sink);
        break;
    case CDEMANGLE_CPP_FULL:
    case CDEMANGLE_CPP_SIMPLIFIED:
    case CDEMANGLE_RUST:
        run_printer(form, name, length, sink);
        break;
    }
}

// MARK: - Guards

static void on_deadly_signal(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    sigjmp_buf *target = guard;
    if (target) {
        guard = NULL;
        siglongjmp(*target, 1);
    }
    // Not ours: put back what was there and let the instruction fault, or abort() raise, once more.
    for (int i = 0; i < GUARDED_SIGNALS; i++) {
        if (guarded_signals[i] == number) sigaction(number, &previous[i], NULL);
    }
    raise(number);
}

bool cdemangle_install_guards(void) {
    // The first caller installs; a second call finds it done.
    static atomic_flag started = ATOMIC_FLAG_INIT;
    if (atomic_flag_test_and_set(&started)) return atomic_load(&guards_installed);
    // SA_NODEFER: the signal is never blocked, so the jump has no signal mask to restore and sigsetjmp costs no system
    // call.
    struct sigaction action = {.sa_sigaction = on_deadly_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < GUARDED_SIGNALS; i++) {
        if (sigaction(guarded_signals[i], &action, &previous[i]) != 0) return false;
    }
    atomic_store(&guards_installed, true);
    return true;
}

unsigned long cdemangle_deaths(void) { return atomic_load(&deaths); }

// A thread that ran out of stack can handle the signal on another stack only; it lives as long as the thread's process.
static bool ensure_alternate_stack(void) {
    if (has_alternate_stack) return true;
    stack_t current;
    if (sigaltstack(NULL, &current) == 0 && !(current.ss_flags & SS_DISABLE) && current.ss_size >= ALTERNATE_STACK) {
        return has_alternate_stack = true;
    }
    void *memory = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    stack_t stack = {.ss_sp = memory, .ss_size = ALTERNATE_STACK};
    return has_alternate_stack = sigaltstack(&stack, NULL) == 0;
}

static void run_guarded(CDemangleForm form, const char *name, size_t length, Sink *sink) {
    if (atomic_load(&deaths) >= MAX_DEATHS || !ensure_alternate_stack()) {
        sink->outcome = CDEMANGLE_DIED;
        return;
    }
    sigjmp_buf target;
    if (sigsetjmp(target, 0) == 0) {
        guard = &target;
        run(form, name, length, sink);
        guard = NULL;
    } else {
        // What the sink held may be half written: leaked, not freed.
        atomic_fetch_add(&deaths, 1);
        sink->bytes = NULL;
        sink->outcome = CDEMANGLE_DIED;
    }
}

CDemangleOutcome cdemangle(CDemangleForm form, const char *name, size_t length, size_t limit, char **out,
                           size_t *out_length) {
    // In memory, not in registers: it is read again after a jump.
    Sink *sink = calloc(1, sizeof *sink);
    if (!sink) return CDEMANGLE_NO_MEMORY;
    sink->limit = limit;
    sink->outcome = CDEMANGLE_UNREADABLE;
    if (atomic_load(&guards_installed)) {
        run_guarded(form, name, length, sink);
    } else {
        run(form, name, length, sink);
    }
    CDemangleOutcome outcome = sink->outcome;
    if (outcome == CDEMANGLE_OK) {
        *out = sink->bytes;
        *out_length = sink->length;
    } else {
        free(sink->bytes);
        *out = NULL;
        *out_length = 0;
    }
    free(sink);
    return outcome;
}

void cdemangle_free(char *text) { free(text); }
