/* Static inline functions, a callback and a jump table: the C program for comparing frames. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct journal {
    char line[64];
    size_t length;
    int depth;
};

static inline void append(struct journal *journal, char character) {
    if (journal->length + 1 < sizeof journal->line) {
        journal->line[journal->length++] = character;
        journal->line[journal->length] = 0;
    }
}

static inline void append_text(struct journal *journal, const char *text) {
    while (*text) {
        append(journal, *text++);
    }
}

static int compare(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

__attribute__((noinline)) static void write_entry(struct journal *journal, int kind, const char *text) {
    switch (kind) {
    case 0: append_text(journal, "note "); break;
    case 1: append_text(journal, "debit "); break;
    case 2: append_text(journal, "credit "); break;
    case 3: append_text(journal, "close "); break;
    default: abort();
    }
    append_text(journal, text);
    append(journal, '\n');
}

__attribute__((noinline)) int depth_of(struct journal *journal, int left) {
    if (left == 0) {
        return journal->depth;
    }
    journal->depth++;
    return depth_of(journal, left - 1) + 1;
}

int main(int count, char **arguments) {
    struct journal journal = {.length = 0};
    qsort(arguments + 1, (size_t)(count - 1), sizeof *arguments, compare);
    for (int index = 1; index < count; index++) {
        write_entry(&journal, index % 4, arguments[index]);
    }
    printf("%s%d\n", journal.line, depth_of(&journal, count));
    return 0;
}
