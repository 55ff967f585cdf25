"""Variables from files: ``env_file`` and ``env_from``, read at each start and never kept.

What a file holds is in no error's text. A module of its own, for few processes ask for it.
"""

from __future__ import annotations

import errno
import io
import os
import re
import stat
from collections.abc import Iterator

#: MAX_ARG_STRLEN, execve(2): so long may ``NAME=VALUE`` be, with the NUL at its end.
MAX_VARIABLE = 128 << 10
#: Together with ``MAX_LINES`` and ``MAX_SPACES``, a bound for the time that reading one takes: half
#: a second on the machine of ADR 14, where 250,000 lines took 3 s, and one line with as many spaces
#: in it hours, for the library tries each of them as the beginning of a comment.
MAX_FILE = 1 << 20
MAX_LINES = 10_000
MAX_SPACES = 256

_TOO_SPACED = re.compile(rf"(?<![^\S\r\n])[^\S\r\n]{{{MAX_SPACES + 1}}}")
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def assignments(path: str) -> Iterator[tuple[str, bytes]]:
    """The variables of a file of ``NAME=VALUE`` lines, as python-dotenv has them."""
    try:
        text = _read(path, MAX_FILE).decode("utf-8-sig")
        _check_text(text)
    except UnicodeDecodeError as error:
        raise _unusable(f"env_file {path}", f"found invalid UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise _unusable(f"env_file {path}", error.strerror) from None
    from dotenv.parser import parse_stream  # 5 ms, and few ask for it

    for key, value, original, wrong in parse_stream(io.StringIO(text)):
        if wrong or (key is not None and (value is None or not key or "=" in key)):
            line = original.line + _newlines_before(original.string)
            reason = f"line {line}: found no assignment; allowed: NAME=VALUE"
            raise _unusable(f"env_file {path}", reason)
        if key is not None and value is not None:
            encoded = value.encode("utf-8")
            _check_length(f"env_file {path}", key, encoded)
            yield key, encoded


def _check_text(text: str) -> None:
    if "\0" in text:
        raise OSError(errno.EINVAL, f"line {_line(text, text.index(chr(0)))}: found a NUL byte")
    if len(text.splitlines()) > MAX_LINES:
        raise OSError(errno.EFBIG, f"found more than {MAX_LINES} lines; allowed: so many")
    spaced = _TOO_SPACED.search(text)
    if spaced is not None:
        reason = f"found more than {MAX_SPACES} spaces in a row; allowed: so many"
        raise OSError(errno.EINVAL, f"line {_line(text, spaced.start())}: {reason}")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _newlines_before(statement: str) -> int:
    """The parser counts empty lines before a statement as part of it."""
    return statement.count("\n", 0, len(statement) - len(statement.lstrip()))


def secret(name: str, path: str) -> bytes:
    """What a variable's file holds, without one newline at its end."""
    what = f"{path} for {name} in env_from"
    try:
        value = _read(path, MAX_VARIABLE).removesuffix(b"\n")
    except OSError as error:
        raise _unusable(what, error.strerror) from None
    if b"\0" in value:
        raise _unusable(what, "found a NUL byte")
    _check_length(what, name, value)
    return value


def _check_length(what: str, name: str, value: bytes) -> None:
    if len(os.fsencode(name)) + len(value) + 2 > MAX_VARIABLE:
        raise _unusable(what, f"{name} is longer than the {MAX_VARIABLE >> 10} KiB allowed")


def _read(path: str, max_bytes: int) -> bytes:
    """A regular file's contents. Never blocks; a FIFO or a device isn't opened."""
    _check_regular(os.stat(path))
    fd = os.open(path, _READ)
    try:
        found = os.fstat(fd)
        _check_regular(found)
        contents = os.read(fd, min(max_bytes, found.st_size) + 1)
        while len(contents) <= max_bytes and (more := os.read(fd, max_bytes)):
            contents += more
    finally:
        os.close(fd)
    if len(contents) > max_bytes:
        raise OSError(errno.EFBIG, f"found more than {max_bytes} bytes; allowed: so many")
    return contents


def _check_regular(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "found no regular file; allowed: a regular file")


def _unusable(what: str, why: str | None) -> OSError:
    return OSError(errno.EINVAL, f"cannot use {what}: {why}")
