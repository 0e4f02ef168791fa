#ifndef CDEMANGLE_H
#define CDEMANGLE_H

// Demanglers of four languages behind one total C function.
//
// The demanglers come from libraries that are linked anyway: Swift's from libswiftCore (exported there, declared in no
// installed header), C++, Rust and D from libiberty. Three things are added here because Swift cannot add them safely:
// a cap on the output, a NUL check, and, in a process that asked for it, survival of a demangler that aborts.

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Which demangler, and which of its forms.
typedef enum {
    /// libswiftCore, every detail.
    CDEMANGLE_SWIFT_FULL,
    /// libswiftCore, as the runtime's crash reports print a name.
    CDEMANGLE_SWIFT_SIMPLIFIED,
    /// libiberty, with parameters, return types and clone suffixes.
    CDEMANGLE_CPP_FULL,
    /// libiberty, the name and its template arguments only.
    CDEMANGLE_CPP_SIMPLIFIED,
    /// libiberty, version 0 and legacy, without the hash.
    CDEMANGLE_RUST,
    /// libiberty, with parameters.
    CDEMANGLE_D,
} CDemangleForm;

/// How a call ended.
typedef enum {
    /// `*out` is the text, `*out_length` its length without the terminator; free it with cdemangle_free().
    CDEMANGLE_OK,
    /// The demangler does not know the name.
    CDEMANGLE_UNREADABLE,
    /// The text would be longer than `limit`.
    CDEMANGLE_TOO_LONG,
    /// The demangler raised a deadly signal; only with guards installed.
    CDEMANGLE_DIED,
    /// Memory ran out.
    CDEMANGLE_NO_MEMORY,
} CDemangleOutcome;

/// Demangles `name`, `length` bytes followed by a NUL byte and without one inside, into at most `limit` bytes.
CDemangleOutcome cdemangle(CDemangleForm form, const char *name, size_t length, size_t limit, char **out,
                           size_t *out_length);

/// Frees a text of cdemangle().
void cdemangle_free(char *text);

/// From now on a deadly signal raised inside cdemangle() ends that call with CDEMANGLE_DIED instead of the process; a
/// deadly signal raised anywhere else kills as before. Returns false when the handlers could not be installed.
///
/// For a process that exists for one task on one untrusted file and nothing else: see cdemangle.c for the reason.
bool cdemangle_install_guards(void);

/// How many deaths the guards of this process have turned into CDEMANGLE_DIED.
unsigned long cdemangle_deaths(void);

#ifdef __cplusplus
}
#endif

#endif
