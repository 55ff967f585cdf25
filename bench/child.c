/* The process that the benchmark has supervised.
 *
 *     child RECORDS NAME VERSION [LINES]
 *
 * It appends one record to the file RECORDS: when it began (CLOCK_MONOTONIC), who it is, and the
 * VERSION of the configuration that started it. Then it sleeps until a signal ends it. With LINES
 * it first writes that many numbered lines of 100 bytes to its standard output and appends a
 * second record, of VERSION + 1, when the last of them has been taken.
 *
 * A record is 64 bytes in the machine's byte order and is written by one write(2) to a descriptor
 * opened with O_APPEND, so that a thousand children at once don't tear each other's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct record {
    int64_t began_ns;
    int32_t pid;
    uint32_t version;
    char name[48];
};

_Static_assert(sizeof(struct record) == 64, "records.py reads 64 bytes");

enum { LINE_BYTES = 100, DIGITS = 9, LINES_A_WRITE = 640 };

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int append(const char *file, const struct record *r)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int whole = write(fd, r, sizeof *r) == (ssize_t)sizeof *r;
    close(fd);
    return whole ? 0 : -1;
}

static int write_all(const char *from, size_t left)
{
    while (left > 0) {
        ssize_t taken = write(STDOUT_FILENO, from, left);
        if (taken < 0 && errno != EINTR)
            return -1;
        if (taken > 0) {
            from += taken;
            left -= (size_t)taken;
        }
    }
    return 0;
}

/* Each line: nine digits that count from 0, a space, 89 fixed characters, a newline. */
static int write_lines(long lines)
{
    static char block[LINES_A_WRITE * LINE_BYTES];
    for (int i = 0; i < LINES_A_WRITE; i++) {
        char *line = block + i * LINE_BYTES;
        for (int at = DIGITS + 1; at < LINE_BYTES - 1; at++)
            line[at] = (char)('A' + at % 26);
        line[DIGITS] = ' ';
        line[LINE_BYTES - 1] = '\n';
    }
    for (long done = 0; done < lines;) {
        int filled = 0;
        for (; filled < LINES_A_WRITE && done < lines; filled++, done++) {
            long number = done;
            for (int at = DIGITS - 1; at >= 0; at--, number /= 10)
                block[filled * LINE_BYTES + at] = (char)('0' + number % 10);
        }
        if (write_all(block, (size_t)filled * LINE_BYTES))
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct record r = {.began_ns = clock_ns(), .pid = getpid()};
    if (argc < 4)
        return 2;
    strncpy(r.name, argv[2], sizeof r.name - 1);
    r.version = (uint32_t)strtoul(argv[3], NULL, 10);
    if (append(argv[1], &r))
        return 3;
    if (argc > 4) {
        if (write_lines(atol(argv[4])))
            return 4;
        r.began_ns = clock_ns();
        r.version++;
        if (append(argv[1], &r))
            return 3;
    }
    for (;;)
        pause();
}
