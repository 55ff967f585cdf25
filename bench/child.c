/* The process that the benchmark has supervised.
 *
 *     child RECORDS NAME VERSION [LINES [printf]]
 *
 * It appends one record to the file RECORDS: when it began (CLOCK_MONOTONIC), who it is, and the
 * VERSION of the configuration that started it. Then it sleeps until a signal ends it. With LINES
 * it first writes that many numbered lines of 100 bytes to its standard output and appends a
 * second record, of VERSION + 1, when the last of them has been taken. With printf each line is
 * formatted anew, as programs do; without, it is there already but for its number.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "record.h"

enum { LINE_BYTES = 100, DIGITS = 9, LINES_A_WRITE = 640 };

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
static void number_line(char *line, long number)
{
    for (int at = DIGITS - 1; at >= 0; at--, number /= 10)
        line[at] = (char)('0' + number % 10);
}

static int write_lines(long lines, int formatted)
{
    static char block[LINES_A_WRITE * LINE_BYTES + 1];
    char filling[LINE_BYTES - DIGITS - 1];
    for (int at = DIGITS + 1; at < LINE_BYTES - 1; at++)
        filling[at - DIGITS - 1] = (char)('A' + at % 26);
    filling[sizeof filling - 1] = '\0';
    for (int i = 0; i < LINES_A_WRITE; i++)
        sprintf(block + i * LINE_BYTES, "%0*d %s\n", DIGITS, 0, filling);
    for (long done = 0; done < lines;) {
        int filled = 0;
        for (; filled < LINES_A_WRITE && done < lines; filled++, done++) {
            char *line = block + filled * LINE_BYTES;
            if (formatted)
                sprintf(line, "%0*ld %s\n", DIGITS, done, filling);
            else
                number_line(line, done);
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
        if (write_lines(atol(argv[4]), argc > 5))
            return 4;
        r.began_ns = clock_ns();
        r.version++;
        if (append(argv[1], &r))
            return 3;
    }
    for (;;)
        pause();
}
