// symbolic's SymCache through its C interface, without Python in between.
//
//     symcache_peer LIBRARY build OBJECT SYMCACHE
//     symcache_peer LIBRARY lookup SYMCACHE ADDRESSES BASE
//
// Both print one line of JSON. A look-up's answer is what the interface gives: all frames with pointers and lengths.
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The structures as symbolic 13.9 lays them out.
struct text {
    char *data;
    size_t length;
    bool owned;
};

struct source_location {
    uint64_t symbol_address;
    uint64_t instruction_address;
    uint32_t line;
    struct text language;
    struct text symbol;
    struct text path;
};

struct lookup_result {
    struct source_location *items;
    size_t length;
};

static void *library;

static void *function(const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "symcache_peer: %s\n", dlerror());
        exit(1);
    }
    return found;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int compare(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

static int fail(const char *what) {
    fprintf(stderr, "symcache_peer: %s failed\n", what);
    return 1;
}

static int build(const char *object_path, const char *cache_path) {
    void *(*archive_open)(const char *) = function("symbolic_archive_open");
    void *(*get_object)(void *, size_t) = function("symbolic_archive_get_object");
    void *(*from_object)(void *) = function("symbolic_symcache_from_object");
    const uint8_t *(*get_bytes)(void *) = function("symbolic_symcache_get_bytes");
    size_t (*get_size)(void *) = function("symbolic_symcache_get_size");
    double start = now();
    void *archive = archive_open(object_path);
    if (!archive) return fail("symbolic_archive_open");
    void *object = get_object(archive, 0);
    if (!object) return fail("symbolic_archive_get_object");
    void *cache = from_object(object);
    if (!cache) return fail("symbolic_symcache_from_object");
    FILE *output = fopen(cache_path, "wb");
    if (!output || fwrite(get_bytes(cache), 1, get_size(cache), output) != get_size(cache) || fclose(output))
        return fail("writing");
    printf("{\"seconds\": %.4f, \"bytes\": %zu}\n", (now() - start) / 1e9, get_size(cache));
    return 0;
}

static int lookup(const char *cache_path, const char *list_path, uint64_t base) {
    void *(*open_cache)(const char *) = function("symbolic_symcache_open");
    struct lookup_result (*look_up)(void *, uint64_t) = function("symbolic_symcache_lookup");
    void (*free_result)(struct lookup_result *) = function("symbolic_lookup_result_free");
    void *cache = open_cache(cache_path);
    if (!cache) return fail("symbolic_symcache_open");
    FILE *list = fopen(list_path, "r");
    if (!list) return fail("opening the addresses");
    size_t count = 0, room = 1 << 20;
    uint64_t *addresses = malloc(room * sizeof *addresses);
    char line[64];
    while (count < room && fgets(line, sizeof line, list)) addresses[count++] = strtoull(line, NULL, 16) - base;
    enum { passes = 31 };
    double times[passes];
    size_t frames = 0, answers = 0, text = 0;
    for (int pass = 0; pass < passes; pass++) {
        frames = answers = 0;
        double start = now();
        for (size_t i = 0; i < count; i++) {
            struct lookup_result result = look_up(cache, addresses[i]);
            answers += result.length > 0;
            frames += result.length;
            for (size_t k = 0; k < result.length; k++)
                text += result.items[k].symbol.length + result.items[k].path.length + result.items[k].line;
            free_result(&result);
        }
        times[pass] = (now() - start) / count;
    }
    qsort(times, passes, sizeof *times, compare);
    printf("{\"addresses\": %zu, \"answers\": %zu, \"frames\": %zu, \"single_ns\": %.1f, \"check\": %zu}\n", count,
           answers, frames, times[passes / 2], text % 1000);
    return 0;
}

int main(int count, char **arguments) {
    if (count < 5) return fail("usage: symcache_peer LIBRARY build|lookup …; starting");
    library = dlopen(arguments[1], RTLD_NOW);
    if (!library) return fail(dlerror());
    ((void (*)(void))function("symbolic_init"))();
    if (!strcmp(arguments[2], "build")) return build(arguments[3], arguments[4]);
    return lookup(arguments[3], arguments[4], count > 5 ? strtoull(arguments[5], NULL, 0) : 0);
}
