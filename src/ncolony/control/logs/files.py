"""The files in LOGS/NAME: which there are, and how they are read, compressed ones included."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

from ..errors import CtlError, because
from .times import rotation_time

CURRENT = "current"
#: What the names of standard error's files begin with, where it has files of its own.
STDERR = "stderr-"
BLOCK = 1 << 16
DAMAGED = "it is damaged, or not whole"
#: How a rotated file's name goes on; one that is being compressed has two for a moment.
SUFFIXES = ("", ".gz", ".zst")
_ROTATED = ".log"


class Rotated(NamedTuple):
    """A rotated file: its path but for what says how it is compressed, and when it was rotated."""

    stem: str
    until: float


def rotated(directory: str, stream: str) -> list[Rotated]:
    """A stream's rotated files, the oldest first. Raises CtlError."""
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise CtlError(f"cannot list {directory}: {because(error)}") from None
    found: dict[str, float] = {}
    for name in names:
        stem = name.removesuffix(".gz").removesuffix(".zst")
        if stem.startswith(stream) and stem.endswith(_ROTATED):
            until = rotation_time(stem[len(stream) : -len(_ROTATED)])
            if until is not None:
                found[stem] = until
    return [Rotated(os.path.join(directory, stem), found[stem]) for stem in sorted(found)]


def inode(path: str) -> int:
    """A file's identity; 0 where it isn't there."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def open_regular(path: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a regular file; never blocks on what only looks like one. Raises OSError."""
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return fd


@contextmanager
def opened(file: Rotated) -> Iterator[io.BufferedIOBase | None]:
    """A rotated file's contents to read; None where it has gone meanwhile.

    Raises CtlError where it can't be read, also from within the block.
    """
    path = file.stem
    try:
        for suffix in SUFFIXES:
            path = file.stem + suffix
            try:
                fd = open_regular(path)
            except FileNotFoundError:
                continue
            with _readable(fd, suffix) as content:
                yield content
            return
    except OSError as error:
        raise CtlError(f"cannot read {path}: {because(error)}") from None
    yield None


@contextmanager
def _readable(fd: int, suffix: str) -> Iterator[io.BufferedIOBase]:
    with open(fd, "rb") as plain:
        if suffix == ".gz":
            import gzip
            import zlib

            try:
                with gzip.open(plain) as content:
                    yield content
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise OSError(errno.EIO, DAMAGED) from None
        elif suffix == ".zst":
            with _unpacked(plain) as content:
                yield content
        else:
            yield plain


@contextmanager
def _unpacked(plain: io.BufferedReader) -> Iterator[io.BufferedIOBase]:
    """By Python's own module, which it has from 3.14 on, or by the program ``zstd``."""
    try:
        zstd: Any = import_module("compression.zstd")
    except ImportError:
        with _unpacked_by_program(plain) as content:
            yield content
        return
    try:
        with zstd.open(plain) as content:
            yield content
    except (EOFError, zstd.ZstdError):
        raise OSError(errno.EIO, DAMAGED) from None


@contextmanager
def _unpacked_by_program(plain: io.BufferedReader) -> Iterator[io.BufferedIOBase]:
    import subprocess

    try:
        unpacking = subprocess.Popen(
            ["zstd", "-dcq"], stdin=plain, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise OSError(errno.ENOENT, "the program zstd is not installed") from None
    assert isinstance(unpacking.stdout, io.BufferedReader)
    with unpacking:  # closes the pipe, and waits
        yield unpacking.stdout
        read_to_its_end = not unpacking.stdout.peek(1)
    if read_to_its_end and unpacking.returncode:
        raise OSError(errno.EIO, DAMAGED)
