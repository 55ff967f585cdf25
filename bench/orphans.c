/* A process that leaves orphans behind, at an even pace.
 *
 *     orphans RECORDS NAME VERSION COUNT MILLISECONDS
 *
 * It appends the record of its start, makes COUNT orphans within that time, appends a second
 * record, of VERSION + 1, and sleeps until a signal ends it. An orphan is the child of a child
 * that has ended, in a session of its own; it lives for some milliseconds, so that it ends as the
 * child of whoever adopts orphans here.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "record.h"

enum { ORPHAN_NS = 5000000 };

static void make_orphan(void)
{
    pid_t between = fork();
    if (between < 0)
        _exit(4);
    if (between > 0) {
        waitpid(between, NULL, 0);
        return;
    }
    setsid();
    if (fork() == 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = ORPHAN_NS}, NULL);
    _exit(0);
}

static void sleep_until(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        ;
}

int main(int argc, char **argv)
{
    struct record r = {.began_ns = clock_ns(), .pid = getpid()};
    if (argc != 6)
        return 2;
    strncpy(r.name, argv[2], sizeof r.name - 1);
    r.version = (uint32_t)strtoul(argv[3], NULL, 10);
    long count = atol(argv[4]);
    int64_t within_ns = atol(argv[5]) * 1000000LL, began_ns = r.began_ns;
    if (append(argv[1], &r))
        return 3;
    for (long i = 0; i < count; i++) {
        sleep_until(began_ns + within_ns * i / count);
        make_orphan();
    }
    r.began_ns = clock_ns();
    r.version++;
    if (append(argv[1], &r))
        return 3;
    for (;;)
        pause();
}
