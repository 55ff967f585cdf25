"""Where a process's output goes, and in which form: the field ``log`` and the option ``--log``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from . import forms
from .faults import shown
from .forms import Form, Schema
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


class Key(NamedTuple):
    """A key of the object: the three parts of a Form, and what it means."""

    allowed: str
    schema: Schema
    convert: Callable[[Any], Any]
    meaning: str
    files_only: bool = False


#: A block of a disk's; with less, each line would be a file.
_MIN_SIZE = 4096
_MIN_AGE_S = 1
_SIZE = forms.optional(
    forms.size(_MIN_SIZE, f'bytes ({_MIN_SIZE} at least), or a string like "50M" or "1G"')
)
_AGE = forms.optional(
    forms.seconds(_MIN_AGE_S, f'seconds ({_MIN_AGE_S} at least), or a string like "1d"')
)

KEYS: dict[str, Key] = {
    "to": Key(*forms.one_of(*DESTINATIONS), "Where to."),
    "format": Key(
        *forms.one_of("text", "json"),
        "A line as it is, or an object `{time, process, stream, message}` a line.",
    ),
    "time": Key(*forms.TRUTH, "A time before each line, RFC 3339, UTC."),
    "stream": Key(*forms.TRUTH, "`stdout` or `stderr` before each line."),
    "max_size": Key(
        *_SIZE, "Rotate before the file grows beyond this; null: never for its size.", True
    ),
    "max_age": Key(
        *_AGE, "Rotate when the file's first line is this old; null: never for its age.", True
    ),
    "keep": Key(*forms.whole(0, 100_000), "So many rotated files are kept.", True),
    "keep_size": Key(
        *_SIZE, "The oldest rotated files go where all have more bytes than this.", True
    ),
    "compress": Key(
        *forms.one_of("none", "gzip", "zstd"), "What rotated files are compressed with.", True
    ),
    "split": Key(*forms.TRUTH, "Standard error into files of its own, `stderr-…`.", True),
    "full": Key(
        *forms.one_of("wait", "drop"),
        "On a full disk, the process waits, or its output is counted and dropped.",
        True,
    ),
}


#: What only makes sense where the monitor sees lines.
_OF_LINES = ("format", "time", "stream")


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
        if name in _OF_LINES and spec.to in ("inherit", "none"):
            raise Wrong(f'it with "to": "{spec.to}", where the monitor sees no line', f".{name}")


def _schema() -> Schema:
    """A destination, or an object in which nothing is without an effect."""
    properties = {
        name: {"description": f"{key.meaning} Allowed: {key.allowed}.", **key.schema}
        for name, key in KEYS.items()
    }
    files_only = {name: False for name, key in KEYS.items() if key.files_only}
    of_lines = dict.fromkeys(_OF_LINES, False)
    return forms.either(
        {"enum": list(DESTINATIONS)},
        {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            "allOf": [
                {"if": _to("files"), "else": {"properties": files_only}},
                {"if": _to("inherit", "none"), "then": {"properties": of_lines}},
            ],
        },
    )


def _to(*destinations: str) -> Schema:
    return {"properties": {"to": {"enum": list(destinations)}}, "required": ["to"]}


FORM = Form(
    '"monitor", "inherit", "none", "files", or an object with "to" and more',
    _schema(),
    log_spec,
)
