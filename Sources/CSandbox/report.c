// What the child says about its work while it works: numbers and short texts in a page that the parent reads. Memory
// and not messages, because it outlives the child however it dies, costs no system call, can be written by any thread
// and in a signal handler, and cannot be flooded.
//
//     0   done, total: units of the task's own choosing
//    16   threads that have a slot                20  1 + slot of the thread that died of a signal
//    64   63 slots of 256 bytes: place, which of the two texts counts (0: idle), the texts
//
// A text is written to the half that does not count and then made to count, so a death in between leaves the old one.
// The parent believes nothing of it: every field is checked, every text is cleaned before it is shown.

#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TEXT_SIZE = 112, SLOT_COUNT = 63 };

typedef struct {
    _Atomic uint64_t place;
    _Atomic uint32_t current;
    uint32_t reserved;
    char texts[2][TEXT_SIZE];
    char padding[16];
} Slot;

typedef struct {
    _Atomic uint64_t done, total;
    _Atomic uint32_t slot_count, dying;
    char padding[40];
    Slot slots[SLOT_COUNT];
} Page;

_Static_assert(sizeof(Slot) == 256, "a slot is 256 bytes");
_Static_assert(sizeof(Page) <= CSANDBOX_REPORT_SIZE, "the page holds all slots");

// Set once, before the task and its threads; NULL in a process that is no child.
static Page *page;
// 1 + this thread's slot, 0: none yet, -1: they were all taken.
static _Thread_local int own_slot;

bool csandbox_use_report(int descriptor) {
    void *memory = mmap(NULL, CSANDBOX_REPORT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (memory == MAP_FAILED) return false;
    page = memory;
    return true;
}

void csandbox_progress(uint64_t done, uint64_t total) {
    if (!page) return;
    atomic_store_explicit(&page->total, total, memory_order_relaxed);
    // Several threads may come out of order; a bar that goes back looks broken.
    uint64_t before = atomic_load_explicit(&page->done, memory_order_relaxed);
    while (before < done
           && !atomic_compare_exchange_weak_explicit(&page->done, &before, done, memory_order_relaxed,
                                                     memory_order_relaxed)) {
    }
}

static Slot *slot(void) {
    if (!page || own_slot < 0) return NULL;
    if (own_slot == 0) {
        uint32_t number = atomic_fetch_add(&page->slot_count, 1);
        own_slot = number < SLOT_COUNT ? (int)number + 1 : -1;
        if (own_slot < 0) return NULL;
    }
    return &page->slots[own_slot - 1];
}

static size_t append(char *text, size_t used, const char *piece, size_t length) {
    size_t room = TEXT_SIZE - 1 - used;
    if (length > room) length = room;
    memcpy(text + used, piece, length);
    return used + length;
}

void csandbox_working(const char *step, size_t step_length, const char *subject, size_t subject_length,
                      uint64_t place) {
    Slot *mine = slot();
    if (!mine) return;
    const uint32_t next = atomic_load_explicit(&mine->current, memory_order_relaxed) == 1 ? 2 : 1;
    char *text = mine->texts[next - 1];
    size_t used = append(text, 0, step, step_length);
    if (subject_length > 0) {
        // "decompressing" has its object behind it, "reading .debug_info" has one already.
        const bool is_verb = memchr(step, ' ', step_length) == NULL;
        used = append(text, used, " of ", is_verb ? 1 : 4);
        used = append(text, used, subject, subject_length);
    }
    text[used] = 0;
    atomic_store_explicit(&mine->place, place, memory_order_relaxed);
    atomic_store_explicit(&mine->current, next, memory_order_release);
}

void csandbox_working_at(uint64_t place) {
    Slot *mine = slot();
    if (mine) atomic_store_explicit(&mine->place, place, memory_order_relaxed);
}

void csandbox_idle(void) {
    if (page && own_slot > 0) atomic_store_explicit(&page->slots[own_slot - 1].current, 0, memory_order_release);
}

// MARK: - Death

static volatile sig_atomic_t exhaustion_status;

static void on_death(int number) {
    if (page && own_slot > 0) atomic_store(&page->dying, (uint32_t)own_slot);
    // Less than this left means that a parser of large files cannot have gone on.
    const size_t probe = 4 << 20;
    void *memory = mmap(NULL, probe, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED && errno == ENOMEM) _exit(exhaustion_status);
    signal(number, SIG_DFL);
    raise(number);
}

bool csandbox_report_exhaustion(int status) {
    static _Alignas(16) char handler_stack[64 * 1024];
    exhaustion_status = status;
    stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
    if (sigaltstack(&stack, NULL) != 0) return false;
    struct sigaction action = {.sa_handler = on_death, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (sigaction(signals[i], &action, NULL) != 0) return false;
    }
    return true;
}
