// What the parent watches: how much memory a child holds, and whether it lives.
//
// RLIMIT_AS cannot say: it counts address space, and a parser of large files reserves gigabytes that it never touches
// (input files, room for sections to be decompressed, stacks). RLIMIT_DATA counts reservations too, and RLIMIT_RSS
// counts nothing since Linux 2.4. So the parent looks, many times a second.

#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int csandbox_open_memory(int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

// "RssAnon:\t    1234 kB"
static bool kibibytes(const char *text, const char *name, uint64_t *sum) {
    const char *line = strstr(text, name);
    if (line) *sum += strtoull(line + strlen(name), NULL, 10);
    return line != NULL;
}

uint64_t csandbox_memory_used(int memory) {
    char text[4096];
    const ssize_t length = pread(memory, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = 0;
    uint64_t sum = 0;
    // Before Linux 4.5 only the sum with mapped files is known.
    if (!kibibytes(text, "\nRssAnon:", &sum)) kibibytes(text, "\nVmRSS:", &sum);
    kibibytes(text, "\nVmSwap:", &sum);
    kibibytes(text, "\nVmPTE:", &sum);
    return sum << 10;
}

int csandbox_limit_address_space(int pid, uint64_t bytes) {
    struct rlimit now, limit = {bytes, bytes};
    if (prlimit(pid, RLIMIT_AS, NULL, &now) != 0) return errno;
    if (now.rlim_max <= bytes) return 0;
    return prlimit(pid, RLIMIT_AS, &limit, NULL) == 0 ? 0 : errno;
}

bool csandbox_is_dead(int pid) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid;
}

int csandbox_processor_count(void) {
    // As many as the largest kernels have; a set that is too small is an error.
    static const int largest = 8192;
    cpu_set_t *set = CPU_ALLOC(largest);
    int count = 0;
    if (set && sched_getaffinity(0, CPU_ALLOC_SIZE(largest), set) == 0) {
        count = CPU_COUNT_S(CPU_ALLOC_SIZE(largest), set);
    }
    CPU_FREE(set);
    return count > 0 ? count : 1;
}
