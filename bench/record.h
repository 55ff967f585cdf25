/* What supervised programs tell the benchmark: records of 64 bytes, in the machine's byte order.
 *
 * Each is written by one write(2) to a descriptor opened with O_APPEND, so that a thousand
 * processes at once don't tear each other's. records.py reads them.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct record {
    int64_t began_ns; /* CLOCK_MONOTONIC */
    int32_t pid;
    uint32_t version; /* of the configuration that started it */
    char name[48];
};

_Static_assert(sizeof(struct record) == 64, "records.py reads 64 bytes");

static inline int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int append(const char *file, const struct record *r)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int whole = write(fd, r, sizeof *r) == (ssize_t)sizeof *r;
    close(fd);
    return whole ? 0 : -1;
}
