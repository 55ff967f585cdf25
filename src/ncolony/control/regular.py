"""Read a regular file without ever blocking on what only looks like one."""

from __future__ import annotations

import errno
import os
import stat


def read_regular(path: str, max_bytes: int) -> bytes:
    """A regular file's contents, or its first ``max_bytes + 1`` bytes where it is longer.

    Opens with O_NONBLOCK: a FIFO without a writer would hold up open(2) for ever.
    Raises OSError, also for whatever isn't a regular file or a link to one.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = b""
        while len(content) <= max_bytes:
            block = os.read(fd, max_bytes + 1 - len(content))
            if not block:
                break
            content = content + block if content else block
        return content
    finally:
        os.close(fd)
