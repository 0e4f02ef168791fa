// The program that the supervisor's tests run: it ends in every way that a program can end in. Compiled by the tests.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t last = 0;
static void note(int number) { last = number; }

// Writes what Swift's reporter would write, to where SWIFT_BACKTRACE tells it to.
static void report(const char *text) {
    const char *settings = getenv("SWIFT_BACKTRACE");
    const char *output = settings ? strstr(settings, "output-to=") : NULL;
    if (!output) exit(90);
    char path[4096];
    const int length = (int)strcspn(output + 10, ",");
    snprintf(path, sizeof path, "%.*s/victim-%d-0.0.json", length, output + 10, (int)getpid());
    FILE *file = fopen(path, "w");
    if (!file) exit(91);
    fputs(text, file);
    fclose(file);
}

static const char *LOG =
    "{\"timestamp\":\"2026-01-02T03:04:05.678901Z\",\"kind\":\"crashReport\",\"description\":\"Aborted\","
    "\"faultAddress\":\"0x0000000000000001\",\"platform\":\"Linux\",\"architecture\":\"x86_64\","
    "\"threads\":[{\"crashed\":true,\"frames\":[{\"kind\":\"programCounter\",\"address\":\"0x0000560000401a30\"}]}],"
    "\"images\":[]}";

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "";
    const int number = count > 2 ? atoi(arguments[2]) : 0;
    if (!strcmp(mode, "exit")) return number;
    if (!strcmp(mode, "signal")) {
        fprintf(stderr, "about to die\n");
        raise(number);
        return 99;
    }
    if (!strcmp(mode, "fault")) {
        *(volatile int *)(long)(number) = 1;
        return 99;
    }
    if (!strcmp(mode, "reported-abort")) {
        fprintf(stderr, "victim/main.swift:3: Fatal error: the till is empty\n");
        report(LOG);
        abort();
    }
    if (!strcmp(mode, "broken-report")) {
        report("{\"kind\":\"crashReport\",\"threads\":[{");
        abort();
    }
    // The child crashes; the parent goes on until its standard input ends.
    if (!strcmp(mode, "child")) {
        for (int i = 0; i < number; i++) {
            const pid_t child = fork();
            if (child == 0) {
                fprintf(stderr, "child %d speaks\n", i);
                report(LOG);
                abort();
            }
            waitpid(child, NULL, 0);
        }
        printf("ready\n");
        fflush(stdout);
        char buffer[64];
        while (read(0, buffer, sizeof buffer) > 0) {}
        return 4;
    }
    // Says which signal came, until SIGUSR2; "ignore" adds that SIGTERM does nothing.
    if (!strcmp(mode, "signals") || !strcmp(mode, "ignore")) {
        const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGRTMIN + 3};
        sigset_t blocked, before;
        sigemptyset(&blocked);
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            struct sigaction old;
            sigaction(all[i], NULL, &old);
            if (old.sa_handler == SIG_IGN) { printf("ignored %d\n", all[i]); continue; }
            signal(all[i], !strcmp(mode, "ignore") && all[i] == SIGTERM ? SIG_IGN : note);
            sigaddset(&blocked, all[i]);
        }
        sigprocmask(SIG_BLOCK, &blocked, &before);
        printf("ready %d\n", (int)getpid());
        fflush(stdout);
        while (last != SIGUSR2) {
            last = 0;
            sigsuspend(&before);
            printf("got %d\n", (int)last);
            fflush(stdout);
        }
        return 7;
    }
    // Bytes that no line and no character keeps together, on both streams.
    if (!strcmp(mode, "megabytes")) {
        unsigned state = 1;
        for (long i = 0; i < (long)number << 20; i += 1021) {
            char piece[1021];
            for (size_t at = 0; at < sizeof piece; at++) piece[at] = (char)((state = state * 1664525 + 1013904223) >> 24);
            fwrite(piece, 1, sizeof piece, stdout);
            fwrite(piece, 1, sizeof piece, stderr);
        }
        return 0;
    }
    if (!strcmp(mode, "no-newline")) {
        fprintf(stderr, "no newline");
        return number;
    }
    if (!strcmp(mode, "close-stderr")) {
        fprintf(stderr, "last words\n");
        close(2);
        usleep(50000);
        if (number) raise(number);
        return 6;
    }
    // A grandchild keeps standard error open and outlives the program; its id is printed, so that the test can end it.
    if (!strcmp(mode, "grandchild")) {
        const pid_t child = fork();
        if (child == 0) {
            signal(SIGPIPE, SIG_IGN);
            close(1);
            close(0);
            sleep(600);
            _exit(0);
        }
        printf("%d\n", (int)child);
        fprintf(stderr, "leaving\n");
        return number;
    }
    if (!strcmp(mode, "sanitizer")) {
        fprintf(stderr, "=================================================================\n"
                        "==%d==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000000 (pc 0x560000401b04 bp "
                        "0x7f0000001bf0 sp 0x7f0000001bd0 T0)\n"
                        "    #0 0x560000401b04  (/app/till+0x1b04) (BuildId: 00112233445566778899aabbccddeeff00112233)\n"
                        "    #1 0x560000401c04  (/app/till+0x1c04) (BuildId: 00112233445566778899aabbccddeeff00112233)\n"
                        "\nSUMMARY: AddressSanitizer: SEGV (/app/till+0x1b04)\n==%d==ABORTING\n", getpid(), getpid());
        return 1;
    }
    if (!strcmp(mode, "settings")) {
        printf("%s\n", getenv("SWIFT_BACKTRACE") ? getenv("SWIFT_BACKTRACE") : "none");
        return 0;
    }
    if (!strcmp(mode, "descriptors")) {
        // Which descriptors a program inherits: none of the supervisor's.
        for (int fd = 0; fd < 64; fd++) {
            if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
        }
        printf("\n");
        return 0;
    }
    if (!strcmp(mode, "stop")) {
        printf("ready %d\n", (int)getpid());
        fflush(stdout);
        raise(SIGSTOP);
        return 8;
    }
    return 98;
}
