// Memory, pipes and events that parent and child share. memfd_create() where the kernel or container allows it, else an
// unlinked temporary file, which serves as well: neither is sealed against anybody but the child, and the child closes
// or only reads it.

#define _GNU_SOURCE
#include "include/CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

static void close_keeping_errno(int descriptor) {
    int error = errno;
    close(descriptor);
    errno = error;
}

/// `*is_memory` tells whether seals are to be had.
static int anonymous_file(const char *name, bool *is_memory) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *is_memory = file >= 0;
    const int error = errno;
    const char *const folders[] = {"/dev/shm", "/tmp", "/var/tmp"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && file < 0; i++) {
        file = open(folders[i], O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    }
    if (file < 0) errno = error;
    return file;
}

int csandbox_sealed_file(const void *bytes, size_t length) {
    bool is_memory;
    int file = anonymous_file("request", &is_memory);
    if (file < 0) return -1;
    const char *at = bytes;
    size_t left = length;
    while (left > 0) {
        ssize_t written = write(file, at, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) goto failed;
        at += written;
        left -= (size_t)written;
    }
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (is_memory && fcntl(file, F_ADD_SEALS, seals) != 0) goto failed;
    if (lseek(file, 0, SEEK_SET) != 0) goto failed;
    return file;

failed:
    close_keeping_errno(file);
    return -1;
}

int csandbox_report_file(void) {
    bool is_memory;
    int file = anonymous_file("report", &is_memory);
    if (file < 0) return -1;
    if (ftruncate(file, CSANDBOX_REPORT_SIZE) != 0
        || (is_memory && fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)) {
        close_keeping_errno(file);
        return -1;
    }
    return file;
}

int csandbox_gate(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

bool csandbox_pass_gate(int reading) {
    char byte;
    ssize_t count;
    while ((count = read(reading, &byte, 1)) < 0 && errno == EINTR) {
    }
    close(reading);
    return count == 1;
}

int csandbox_pipe(int *reading, int *writing) {
    if (csandbox_gate(reading, writing) != 0) return -1;
    if (fcntl(*reading, F_SETFL, O_NONBLOCK) == 0) return 0;
    close_keeping_errno(*reading);
    close_keeping_errno(*writing);
    return -1;
}

int csandbox_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void csandbox_signal(int event) {
    const uint64_t one = 1;
    // Fails only when it is readable already, or when nobody is there to read.
    if (write(event, &one, sizeof one) < 0) return;
}
