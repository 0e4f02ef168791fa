#ifndef CDEMANGLE_H
#define CDEMANGLE_H

// Demanglers of four languages behind one total C function.
//
// The demanglers come from libraries that are linked anyway: Swift's from libswiftCore (exported there, declared in no
// installed header), C++, Rust and D from libiberty. Four things are added here because Swift cannot add them safely:
// a cap on the output, buffers that are used again, a NUL check, and, in a process that asked for it, survival of a
// demangler that aborts.

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Which demangler.
typedef enum {
    /// libswiftCore: every detail; simplified as the runtime's crash reports print a name.
    CDEMANGLE_SWIFT,
    /// libiberty: with parameters, return types and clone suffixes; simplified to the name and its template arguments.
    CDEMANGLE_CPP,
    /// libiberty, version 0 and legacy, without the hash; one form for both.
    CDEMANGLE_RUST,
    /// libiberty: with parameters; not simplified here.
    CDEMANGLE_D,
} CDemangleLanguage;

/// How a call ended.
typedef enum {
    /// `full` and `simplified` are the texts.
    CDEMANGLE_OK,
    /// The demangler does not know the name.
    CDEMANGLE_UNREADABLE,
    /// The text would be longer than the limit.
    CDEMANGLE_TOO_LONG,
    /// The demangler raised a deadly signal; only with guards installed.
    CDEMANGLE_DIED,
    /// Memory ran out.
    CDEMANGLE_NO_MEMORY,
} CDemangleOutcome;

/// One text in a buffer that grows between calls, never inside a demangler.
typedef struct {
    char *bytes;
    size_t length, capacity;
} CDemangleText;

/// What one thread needs to demangle names one after the other. Begins as zeros.
typedef struct {
    /// The name with the NUL byte that the demanglers want; then the two texts.
    CDemangleText name, full, simplified;
    /// The simplified text is `simplified_length` bytes of `full` from here, and `simplified` is not used; else -1.
    ptrdiff_t simplified_offset;
    size_t simplified_length;
} CDemangleBuffers;

/// Demangles `length` bytes at `name`, which need no terminator, into texts of at most `limit` bytes.
///
/// Safe on any number of threads at once, each with its own buffers, on threads of any making.
CDemangleOutcome cdemangle(CDemangleLanguage language, const void *name, size_t length, size_t limit,
                           CDemangleBuffers *buffers);

/// Makes room for `capacity` bytes; what was there is lost. Returns false when memory ran out.
bool cdemangle_reserve(CDemangleText *text, size_t capacity);

/// Frees what a text holds and makes it zeros again.
void cdemangle_release_text(CDemangleText *text);

/// Frees what the buffers hold and makes them zeros again.
void cdemangle_release(CDemangleBuffers *buffers);

/// From now on a deadly signal raised inside cdemangle() ends that call with CDEMANGLE_DIED instead of the process, on
/// whichever thread; a deadly signal raised anywhere else kills as before. Returns false when the handlers could not be
/// installed.
///
/// For a process that exists for one task on one untrusted file and nothing else: see cdemangle.c for the reason.
bool cdemangle_install_guards(void);

/// How many deaths the guards of this process have turned into CDEMANGLE_DIED.
unsigned long cdemangle_deaths(void);

#ifdef __cplusplus
}
#endif

#endif
