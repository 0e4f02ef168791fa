// Running a demangler: its output caught, its death survived
//
//     cdemangle() ── copy of the name ──▶ sigsetjmp ──▶ demangler ──▶ text pieces ──▶ buffer of fixed size
//          ▲                                                │                          │ full: STOP_FULL
//          │                                                │ abort(), fault           │
//          └──────── siglongjmp ◀── handler, other stack ◀──┘ STOP_DIED                │
//          └──────── siglongjmp ◀──────────────────────────────────────────────────────┘
//
// A text that does not fit is asked for again with a larger buffer, up to the limit. Nothing is allocated between the
// two jumps by this code or by libiberty's C++ and Rust demanglers, so jumping out of those leaves nothing behind.
//
// Some malformed Swift names make libswiftCore's demangler call abort(), and a name with enough nesting can run any
// recursive demangler out of stack. Jumping out of Swift's or D's demangler leaks what it had allocated, and if the
// signal struck inside malloc() it leaves the heap's lock taken or the heap damaged. That is a price only a disposable
// process may pay: one that works on a single untrusted file, holds nothing of value, has limits on memory, processor
// time and wall clock, and is watched by a parent that starts a fresh one (and quarantines the file) when this one
// hangs or dies after all. In any other process the guards must not be installed; there a demangler's death is an
// honest death.
//
// Threads. abort(), a fault and a trap are delivered to the thread that caused them, so everything the handler needs
// is the thread's own: the jump's target and the stack that the handler runs on. The handlers are the process's and are
// installed once. glibc's abort() gives its lock back before it raises the signal.

#define _GNU_SOURCE

#include "include/CDemangle.h"

#include <libiberty/demangle.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// Exported by libswiftCore, declared in no installed header. With a buffer the text is cut to fit it and ends in
// a NUL byte; *out_size becomes the size that the whole text needs, at least when it did not fit.
extern char *swift_demangle(const char *name, size_t length, char *out, size_t *out_size, uint32_t flags);
extern char *_swift_backtrace_demangle(const char *name, size_t length, char *out, size_t *out_size);

// More deaths than this in one process mean that somebody is trying: every death may leak, so the demangler is left
// alone.
enum { MAX_DEATHS = 4096, ALTERNATE_STACK = 64 * 1024 };
enum { FIRST_CAPACITY = 4096, GROWTH = 8 };
enum { STOP_DIED = 1, STOP_FULL = 2 };

static const int guarded_signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
enum { GUARDED_SIGNALS = sizeof guarded_signals / sizeof guarded_signals[0] };

static atomic_bool guards_installed;
static atomic_ulong deaths;
static struct sigaction previous[GUARDED_SIGNALS];

// The jump's target while this thread is inside a demangler, else NULL.
static _Thread_local sigjmp_buf *volatile guard;
static _Thread_local bool has_alternate_stack;

// MARK: - One form of one name

// In memory, not in registers: both are read again after a jump.
typedef struct {
    CDemangleText *text;
    sigjmp_buf stop;
} Call;

// Called by libiberty's printers with pieces of the text. They have no way to be told to stop, and a name of a few
// hundred bytes can ask for gigabytes of text (substitutions that double), hence the jump: the printers hold no heap
// memory.
static void append(const char *piece, size_t length, void *context) {
    Call *call = context;
    CDemangleText *text = call->text;
    if (length > text->capacity - text->length) {
        guard = NULL;
        siglongjmp(call->stop, STOP_FULL);
    }
    memcpy(text->bytes + text->length, piece, length);
    text->length += length;
}

// libiberty's stack grows with the product of a name's templates and reference types, in one step that no guard page
// stops. Letters inside identifiers are counted too: real names stay a thousand times below this.
static bool is_tame(const char *name, size_t length) {
    if (length < DEMANGLE_RECURSION_LIMIT / 2) return true;
    size_t templates = 0, references = 1;
    for (size_t i = 0; i < length; i++) {
        templates += name[i] == 'I';
        references += name[i] == 'R' || name[i] == 'O';
    }
    return templates * references <= 128 * 1024;
}

static CDemangleOutcome print_cpp(bool simplified, const CDemangleText *name, Call *call) {
    if (!is_tame(name->bytes, name->length)) return CDEMANGLE_UNREADABLE;
    int options = simplified ? DMGL_NO_OPTS : DMGL_PARAMS | DMGL_ANSI;
    // libiberty's recursion limit also refuses every name longer than half of it, however flat, and real template names
    // are longer. Their length is capped by the caller, their stack by the guards.
    if (2 * name->length >= DEMANGLE_RECURSION_LIMIT) options |= DMGL_NO_RECURSE_LIMIT;
    return cplus_demangle_v3_callback(name->bytes, options, append, call) ? CDEMANGLE_OK : CDEMANGLE_UNREADABLE;
}

static CDemangleOutcome print_swift(bool simplified, const CDemangleText *name, Call *call) {
    CDemangleText *text = call->text;
    size_t size = text->capacity;
    char *result = simplified ? _swift_backtrace_demangle(name->bytes, name->length, text->bytes, &size)
                              : swift_demangle(name->bytes, name->length, text->bytes, &size, 0);
    if (!result) return CDEMANGLE_UNREADABLE;
    if (size > text->capacity) return CDEMANGLE_TOO_LONG;
    // The one tells the size always, the other only when it is too large for the buffer.
    text->length = strnlen(text->bytes, text->capacity - 1);
    // A truncated name may come back half read, with a marker inside.
    static const char marker[] = "first-element-marker";
    bool half_read = memmem(text->bytes, text->length, marker, sizeof marker - 1) != NULL;
    return half_read ? CDEMANGLE_UNREADABLE : CDEMANGLE_OK;
}

static CDemangleOutcome print_d(const CDemangleText *name, Call *call) {
    char *result = dlang_demangle(name->bytes, DMGL_NO_OPTS);
    if (!result) return CDEMANGLE_UNREADABLE;
    size_t length = strlen(result);
    bool fits = length <= call->text->capacity;
    if (fits) {
        memcpy(call->text->bytes, result, length);
        call->text->length = length;
    }
    free(result);
    return fits ? CDEMANGLE_OK : CDEMANGLE_TOO_LONG;
}

static CDemangleOutcome print(CDemangleLanguage language, bool simplified, const CDemangleText *name, Call *call) {
    switch (language) {
    case CDEMANGLE_SWIFT:
        return print_swift(simplified, name, call);
    case CDEMANGLE_CPP:
        return print_cpp(simplified, name, call);
    case CDEMANGLE_RUST:
        return rust_demangle_callback(name->bytes, DMGL_NO_OPTS, append, call) ? CDEMANGLE_OK : CDEMANGLE_UNREADABLE;
    case CDEMANGLE_D:
        return print_d(name, call);
    }
    return CDEMANGLE_UNREADABLE;
}

// MARK: - Guards

static void on_deadly_signal(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    sigjmp_buf *target = guard;
    if (target) {
        guard = NULL;
        siglongjmp(*target, STOP_DIED);
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

static CDemangleOutcome attempt(CDemangleLanguage language, bool simplified, const CDemangleText *name,
                                CDemangleText *text) {
    bool guarded = atomic_load_explicit(&guards_installed, memory_order_acquire);
    if (guarded && (atomic_load_explicit(&deaths, memory_order_relaxed) >= MAX_DEATHS || !ensure_alternate_stack())) {
        return CDEMANGLE_DIED;
    }
    Call call = {.text = text};
    text->length = 0;
    switch (sigsetjmp(call.stop, 0)) {
    case 0:
        break;
    case STOP_FULL:
        return CDEMANGLE_TOO_LONG;
    default:
        atomic_fetch_add(&deaths, 1);
        return CDEMANGLE_DIED;
    }
    if (guarded) guard = &call.stop;
    CDemangleOutcome outcome = print(language, simplified, name, &call);
    guard = NULL;
    if (outcome != CDEMANGLE_OK) return outcome;
    // The Swift demanglers hand back what they cannot read.
    bool is_name = text->length == name->length && memcmp(text->bytes, name->bytes, name->length) == 0;
    return is_name || text->length == 0 ? CDEMANGLE_UNREADABLE : CDEMANGLE_OK;
}

// MARK: - Buffers

bool cdemangle_reserve(CDemangleText *text, size_t capacity) {
    if (text->capacity >= capacity) return true;
    char *bytes = malloc(capacity);
    if (!bytes) return false;
    free(text->bytes);
    *text = (CDemangleText){.bytes = bytes, .capacity = capacity};
    return true;
}

// One form, asked for again with more room while it does not fit.
static CDemangleOutcome demangle_form(CDemangleLanguage language, bool simplified, size_t limit,
                                      CDemangleBuffers *buffers) {
    CDemangleText *text = simplified ? &buffers->simplified : &buffers->full;
    // Swift's demanglers count and write a NUL byte.
    size_t most = limit + 1;
    if (!cdemangle_reserve(text, FIRST_CAPACITY < most ? FIRST_CAPACITY : most)) return CDEMANGLE_NO_MEMORY;
    for (;;) {
        CDemangleOutcome outcome = attempt(language, simplified, &buffers->name, text);
        if (outcome == CDEMANGLE_OK && text->length > limit) return CDEMANGLE_TOO_LONG;
        if (outcome != CDEMANGLE_TOO_LONG || text->capacity >= most) return outcome;
        size_t capacity = text->capacity * GROWTH;
        if (!cdemangle_reserve(text, capacity < most ? capacity : most)) return CDEMANGLE_NO_MEMORY;
    }
}

CDemangleOutcome cdemangle(CDemangleLanguage language, const void *name, size_t length, size_t limit,
                           CDemangleBuffers *buffers) {
    buffers->simplified_offset = 0;
    buffers->simplified_length = 0;
    if (length > 0 && memchr(name, 0, length)) return CDEMANGLE_UNREADABLE;
    size_t room = length + 1 < FIRST_CAPACITY ? FIRST_CAPACITY : length + 1;
    if (!cdemangle_reserve(&buffers->name, room)) return CDEMANGLE_NO_MEMORY;
    if (length > 0) memcpy(buffers->name.bytes, name, length);
    buffers->name.bytes[length] = 0;
    buffers->name.length = length;
    CDemangleOutcome outcome = demangle_form(language, false, limit, buffers);
    if (outcome != CDEMANGLE_OK) return outcome;
    // A full form alone still beats the mangled name, so a failure of the simplified one is none.
    buffers->simplified_length = buffers->full.length;
    if (language == CDEMANGLE_RUST || language == CDEMANGLE_D) return CDEMANGLE_OK;
    if (demangle_form(language, true, limit, buffers) == CDEMANGLE_OK) {
        buffers->simplified_offset = -1;
        buffers->simplified_length = buffers->simplified.length;
    }
    return CDEMANGLE_OK;
}

void cdemangle_release_text(CDemangleText *text) {
    free(text->bytes);
    *text = (CDemangleText){0};
}

void cdemangle_release(CDemangleBuffers *buffers) {
    cdemangle_release_text(&buffers->name);
    cdemangle_release_text(&buffers->full);
    cdemangle_release_text(&buffers->simplified);
}
