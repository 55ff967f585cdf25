/* A process that holds a lock for as long as anything of it lives, so that two at once are told.
 *
 *     held RECORDS NAME VERSION LOCK [deaf | daemon]
 *
 * It locks the file LOCK, flock(2). Where somebody else has it still, it appends a record of the
 * name NAME.overlap. Then it appends the record of its start, and sleeps until a signal ends it.
 * deaf: SIGTERM doesn't. daemon: it first leaves a daemon behind, by the book: the child of a
 * child, in a session of its own, with no descriptor but the lock's, which it shares. The daemon
 * appends a record of the name NAME.daemon.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "record.h"

static void tell(const char *file, struct record r, const char *what)
{
    size_t length = strlen(r.name);
    snprintf(r.name + length, sizeof r.name - length, "%s", what);
    r.began_ns = clock_ns();
    r.pid = getpid();
    if (append(file, &r))
        _exit(3);
}

static int is_option(int argc, char **argv, const char *option)
{
    return argc > 5 && !strcmp(argv[5], option);
}

static void leave_a_daemon(const char *records, const struct record *r, int lock)
{
    pid_t between = fork();
    if (between < 0)
        _exit(4);
    if (between > 0) {
        waitpid(between, NULL, 0);
        return;
    }
    setsid();
    if (fork() != 0)
        _exit(0);
    if (chdir("/"))
        _exit(5);
    for (int fd = 0; fd < 256; fd++)
        if (fd != lock)
            close(fd);
    tell(records, *r, ".daemon");
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct record r = {.began_ns = clock_ns(), .pid = getpid()};
    if (argc < 5)
        return 2;
    strncpy(r.name, argv[2], sizeof r.name - 1);
    r.version = (uint32_t)strtoul(argv[3], NULL, 10);
    if (is_option(argc, argv, "deaf"))
        signal(SIGTERM, SIG_IGN);
    umask(0);
    int lock = open(argv[4], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0)
        return 6;
    if (flock(lock, LOCK_EX | LOCK_NB))
        tell(argv[1], r, ".overlap");
    if (is_option(argc, argv, "daemon"))
        leave_a_daemon(argv[1], &r, lock);
    if (append(argv[1], &r))
        return 3;
    for (;;)
        pause();
}
