/* Whether all lines that child.c has written are in log files: each once, whole, in order.
 *
 *     check LINES PREFIX OWN FILE...
 *
 * PREFIX is what stands before each line, OWN what the lines of others that may be between them
 * begin with ("" for none); # stands for any digit. The files are read in the order given, each
 * from its beginning: no line may go on in the next one. Prints six numbers: whole lines, numbers
 * that are missing, those found more than once, torn lines, lines after a later one, others' lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 100, DIGITS = 9 };

static long whole, missing, twice, torn, unordered, others, last = -1;

static int begins_with(const char *line, size_t length, const char *pattern)
{
    size_t at = 0;
    for (; pattern[at]; at++) {
        if (at >= length)
            return 0;
        int is_digit = line[at] >= '0' && line[at] <= '9';
        if (pattern[at] == '#' ? !is_digit : line[at] != pattern[at])
            return 0;
    }
    return 1;
}

/* The number of a line of child.c, or -1 where it isn't one. */
static long number_of(const char *line)
{
    long number = 0;
    for (int at = 0; at < DIGITS; at++) {
        if (line[at] < '0' || line[at] > '9')
            return -1;
        number = 10 * number + (line[at] - '0');
    }
    if (line[DIGITS] != ' ' || line[LINE_BYTES - 1] != '\n')
        return -1;
    for (int at = DIGITS + 1; at < LINE_BYTES - 1; at++)
        if (line[at] != 'A' + at % 26)
            return -1;
    return number;
}

static void look(const char *line, size_t length, const char *prefix, const char *own,
                 unsigned char *seen, long lines)
{
    size_t before = strlen(prefix);
    long number = -1;
    if (length == before + LINE_BYTES && begins_with(line, length, prefix))
        number = number_of(line + before);
    if (number >= 0 && number < lines) {
        whole++;
        unordered += number < last;
        last = number;
        if (seen[number] < 2)
            seen[number]++;
    } else if (*own && begins_with(line, length, own) && line[length - 1] == '\n') {
        others++;
    } else {
        torn++;
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    long lines = atol(argv[1]);
    unsigned char *seen = calloc((size_t)lines + 1, 1);
    char *line = NULL;
    size_t room = 0;
    for (int at = 4; at < argc; at++) {
        FILE *file = fopen(argv[at], "r");
        if (!file) {
            perror(argv[at]);
            return 1;
        }
        for (ssize_t length; (length = getline(&line, &room, file)) > 0;)
            look(line, (size_t)length, argv[2], argv[3], seen, lines);
        fclose(file);
    }
    for (long number = 0; number < lines; number++) {
        missing += seen[number] == 0;
        twice += seen[number] > 1;
    }
    printf("%ld %ld %ld %ld %ld %ld\n", whole, missing, twice, torn, unordered, others);
    return 0;
}
