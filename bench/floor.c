/* The least a supervisor can be: what this machine allows, with nothing on top.
 *
 *     floor COUNT CHILD RECORDS
 *
 * Starts COUNT children with posix_spawn, one after another. Whichever ends is replaced at once.
 * SIGTERM ends all of them, and then itself. It reads no configuration, keeps no log and no state
 * but a pid for each child. The benchmark measures it as it measures every supervisor.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

static pid_t start(char **argv, int number, const posix_spawnattr_t *attributes)
{
    char name[24];
    pid_t pid;
    snprintf(name, sizeof name, "s%d", number);
    argv[2] = name;
    return posix_spawn(&pid, argv[0], NULL, attributes, argv, environ) ? -1 : pid;
}

static int slot_of(const pid_t *pids, int count, pid_t pid)
{
    for (int i = 0; i < count; i++)
        if (pids[i] == pid)
            return i;
    return -1;
}

static int stop(const pid_t *pids, int count)
{
    for (int i = 0; i < count; i++)
        if (pids[i] > 0)
            kill(pids[i], SIGTERM);
    while (wait(NULL) > 0 || errno == EINTR)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int count = atoi(argv[1]);
    char *command[] = {argv[2], argv[3], "", "1", NULL};
    pid_t *pids = calloc((size_t)count + 1, sizeof *pids);
    sigset_t waited, none;
    posix_spawnattr_t attributes;
    sigemptyset(&none);
    sigemptyset(&waited);
    sigaddset(&waited, SIGCHLD);
    sigaddset(&waited, SIGTERM);
    sigprocmask(SIG_BLOCK, &waited, NULL);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    for (int i = 0; i < count; i++)
        pids[i] = start(command, i, &attributes);
    while (sigwaitinfo(&waited, NULL) != SIGTERM) {
        pid_t ended;
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) {
            int slot = slot_of(pids, count, ended);
            if (slot >= 0)
                pids[slot] = start(command, slot, &attributes);
        }
    }
    return stop(pids, count);
}
