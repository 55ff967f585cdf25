/* The least that can be done with output: what is read is written, 64 KB at a time.
 *
 *     copy            standard input to standard output, a file
 *     copy drain      standard input, a pipe, to nowhere, without a look at it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

static int copy(void)
{
    static char block[BLOCK];
    for (;;) {
        ssize_t got = read(STDIN_FILENO, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0;
        for (ssize_t put = 0; put < got;) {
            ssize_t taken = write(STDOUT_FILENO, block + put, (size_t)(got - put));
            if (taken < 0 && errno != EINTR)
                return 1;
            if (taken > 0)
                put += taken;
        }
    }
}

static int drain(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    for (;;) {
        ssize_t moved = splice(STDIN_FILENO, NULL, nowhere, NULL, 1 << 20, 0);
        if (moved <= 0 && errno != EINTR)
            return moved < 0;
    }
}

int main(int argc, char **argv)
{
    return argc > 1 && !strcmp(argv[1], "drain") ? drain() : copy();
}
