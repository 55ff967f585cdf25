"""Where a process's output goes, and in which form: the field ``log`` and the option ``--log``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from . import values
from .faults import shown
from .values import Wrong

#: The destinations: the monitor's own output, the monitor's descriptors, nowhere, or files.
DESTINATIONS = ("monitor", "inherit", "none", "files")


class LogSpec(NamedTuple):
    """Where output goes. ``format`` is ``text`` or ``json``.

    ``time`` and ``stream`` say whether each line carries them. The rest is for files:
    ``max_size`` in bytes and ``max_age`` in seconds bring a rotation (None: never), ``keep``
    rotated files are kept, and so many that all together have at most ``keep_size`` bytes (None:
    no such bound). ``compress`` is ``none``, ``gzip`` or ``zstd``. ``split`` puts standard error
    into files of its own. ``full`` says what happens on a full disk: ``wait`` or ``drop``.
    """

    to: str = "monitor"
    format: str = "text"
    time: bool = False
    stream: bool = False
    max_size: int | None = 50 << 20
    max_age: float | None = None
    keep: int = 10
    keep_size: int | None = None
    compress: str = "none"
    split: bool = False
    full: str = "wait"


_MIN_SIZE = 4096
_MIN_AGE_S = 1.0


def _size(value: Any) -> int:
    found = values.size(value)
    if found < _MIN_SIZE:
        raise Wrong(shown(value))
    return found


def _age(value: Any) -> float:
    found = values.seconds(value)
    if found < _MIN_AGE_S:
        raise Wrong(shown(value))
    return found


class Key(NamedTuple):
    """A key of the object: what is allowed, how it is converted, and what it means."""

    allowed: str
    convert: Callable[[Any], Any]
    meaning: str
    files_only: bool = False


_SIZE_TEXT = 'bytes (4096 at least), or a string like "50M" or "1G"; null'
KEYS: dict[str, Key] = {
    "to": Key(
        ", ".join(json.dumps(to) for to in DESTINATIONS),
        values.one_of(*DESTINATIONS),
        "Where to.",
    ),
    "format": Key(
        '"text", "json"',
        values.one_of("text", "json"),
        "A line as it is, or an object `{time, process, stream, message}` a line.",
    ),
    "time": Key("true, false", values.truth, "A time before each line, RFC 3339, UTC."),
    "stream": Key("true, false", values.truth, "`stdout` or `stderr` before each line."),
    "max_size": Key(
        _SIZE_TEXT,
        values.optional(_size),
        "Rotate before the file grows beyond this; null: never for its size.",
        True,
    ),
    "max_age": Key(
        'seconds (1 at least), or a string like "1d"; null',
        values.optional(_age),
        "Rotate when the file's first line is this old; null: never for its age.",
        True,
    ),
    "keep": Key(
        "a whole number from 0 to 100000",
        lambda value: values.whole(value, 0, 100_000),
        "So many rotated files are kept.",
        True,
    ),
    "keep_size": Key(
        _SIZE_TEXT,
        values.optional(_size),
        "The oldest rotated files go where all have more bytes than this.",
        True,
    ),
    "compress": Key(
        '"none", "gzip", "zstd"',
        values.one_of("none", "gzip", "zstd"),
        "What rotated files are compressed with.",
        True,
    ),
    "split": Key(
        "true, false", values.truth, "Standard error into files of its own, `stderr-…`.", True
    ),
    "full": Key(
        '"wait", "drop"',
        values.one_of("wait", "drop"),
        "On a full disk, the process waits, or its output is counted and dropped.",
        True,
    ),
}


def log_spec(value: Any) -> LogSpec:
    """The value of the field ``log``: a destination, or an object. Raises Wrong."""
    if isinstance(value, str):
        return LogSpec(to=KEYS["to"].convert(value))
    if not isinstance(value, dict):
        raise Wrong(shown(value))
    found: dict[str, Any] = {}
    for name, item in value.items():
        key = KEYS.get(name)
        if key is None:
            from difflib import get_close_matches  # 1 ms, and seldom needed

            near = get_close_matches(name, KEYS, n=1, cutoff=0.4)
            hint = f" (did you mean {json.dumps(near[0])}?)" if near else ""
            raise Wrong(f"the key {json.dumps(name)}{hint}")
        try:
            found[name] = key.convert(item)
        except Wrong as wrong:
            raise Wrong(f"{wrong.found} where {key.allowed} is allowed", f".{name}") from None
    spec = LogSpec(**found)
    _require_sense(spec, found)
    return spec


def _require_sense(spec: LogSpec, found: dict[str, Any]) -> None:
    """Refuse what would be accepted and do nothing, or keep nothing."""
    largest = spec.max_size or 0
    if spec.keep_size is not None and spec.keep_size < largest:
        raise Wrong(f"less than max_size, {largest}, so that nothing is kept", ".keep_size")
    for name in found:
        if KEYS[name].files_only and spec.to != "files":
            raise Wrong(f'it, which is for "to": "files", with "to": "{spec.to}"', f".{name}")
        if name in ("format", "time", "stream") and spec.to in ("inherit", "none"):
            raise Wrong(f'it with "to": "{spec.to}", where the monitor sees no line', f".{name}")
