"""Which rotated files go: arithmetic on names and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Rotated(NamedTuple):
    """A rotated file: the time in its name, which sorts as time does, its name, and its size."""

    stamp: str
    name: str
    size_bytes: int


def surplus(files: Sequence[Rotated], keep: int, keep_size: int | None) -> list[Rotated]:
    """The files that are too many, or too much, oldest first; the newest stay."""
    newest_first = sorted(files, reverse=True)
    kept = 0
    total_bytes = 0
    for file in newest_first[:keep]:
        total_bytes += file.size_bytes
        if keep_size is not None and total_bytes > keep_size:
            break
        kept += 1
    return newest_first[kept:][::-1]
