"""What should run: one process's file, checked whole before any of it is used."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

from .context import PLAIN, ExecContext
from .faults import Fault, shown
from .fields import FIELDS
from .logspec import LogSpec
from .policy import Overrides
from .values import Wrong

#: A file beyond this many bytes is refused. A kernel passes at most 128 KiB in one
#: environment variable (``MAX_ARG_STRLEN``, execve(2)), and the text becomes NCOLONY_CONFIG.
MAX_BYTES = 1 << 20
#: More warnings than this help nobody.
MAX_WARNINGS = 10


class ProcessSpec(NamedTuple):
    """One process as its file asks for it. ``text`` is the file's contents, to the byte.

    ``policy`` are its own rules, ``log`` where its output goes, None where the monitor's options
    say so. ``context`` is None in a process that a plain start will do for.
    """

    name: str
    text: bytes
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    env_inherit: tuple[str, ...] = ()
    env_file: tuple[str, ...] = ()
    env_from: tuple[tuple[str, str], ...] = ()
    group: tuple[str, ...] = ()
    enabled: bool = True
    policy: Overrides = None
    log: LogSpec | None = None
    context: ExecContext | None = None
    warnings: tuple[str, ...] = ()


class SpecError(ValueError):
    """A file that can't be used; ``faults`` has each reason, ``str()`` all of them in a line."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def parse(name: str, text: bytes) -> ProcessSpec:
    """The process that a file of this name and contents asks for.

    Raises SpecError with every fault there is, not just the first.
    """
    warnings: list[str] = []
    document = _document(text, warnings)
    faults: list[Fault] = []
    parts: dict[str, dict[str, Any]] = {"": {}, "policy": {}, "context": {}}
    for key, value in document.items():
        field = FIELDS.get(key)
        if field is None:
            if not is_others(key) and len(warnings) < MAX_WARNINGS:
                warnings.append(_unknown(key))
            continue
        try:
            parts[field.part][field.target or key] = field.convert(value)
        except Wrong as wrong:
            message = f"found {wrong.found}; allowed: {field.allowed}"
            faults.append(Fault(key + wrong.where, message))
    if "args" not in document:
        faults.insert(0, Fault("args", f"missing; allowed: {FIELDS['args'].allowed}"))
    if faults:
        raise SpecError(tuple(faults))
    warnings += _without_effect(parts["policy"])
    context = ExecContext(**parts["context"])
    return ProcessSpec(
        name,
        text,
        policy=tuple(parts["policy"].items()) or None,
        context=None if context == PLAIN else context,
        warnings=tuple(warnings[:MAX_WARNINGS]),
        **parts[""],
    )


def is_others(key: str) -> bool:
    """Whether a key of a file isn't ours; ``$schema`` is for editors."""
    return "." in key or key == "$schema"


def _without_effect(policy: dict[str, Any]) -> list[str]:
    if policy.get("essential") and policy.get("restart") == "always" and not policy.get("give_up"):
        return ['essential has no effect: with "restart": "always" it never ends for good']
    return []


def _document(text: bytes, warnings: list[str]) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise _whole(f"found more than {MAX_BYTES} bytes; allowed: at most {MAX_BYTES}")

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            counted = Counter(key for key, _ in pairs)
            twice = next(key for key, count in counted.items() if count > 1)
            warnings.append(f"key {json.dumps(twice)} is there twice: the last one is used")
        return found

    decoder = json.JSONDecoder(object_pairs_hook=members, parse_constant=_constant)
    try:
        document = decoder.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _whole(f"found invalid UTF-8 at byte {error.start}; allowed: a JSON object") from None
    except RecursionError:
        raise _whole("found values nested too deeply; allowed: a JSON object") from None
    except ValueError as error:
        raise _whole(f"found no valid JSON ({error}); allowed: a JSON object") from None
    if not isinstance(document, dict):
        raise _whole(f"found {shown(document)}; allowed: a JSON object")
    return document


def _whole(message: str) -> SpecError:
    return SpecError((Fault("", message),))


def _constant(token: str) -> float:
    raise ValueError(f"{token} is not JSON")


def _unknown(key: str) -> str:
    from difflib import get_close_matches  # 1 ms, and seldom needed

    near = get_close_matches(key.lower(), FIELDS, n=1, cutoff=0.4)
    known = f"known are {', '.join(FIELDS)}; keys of others carry a dot"
    hint = f"did you mean {json.dumps(near[0])}?" if near else known
    return f"unknown key {json.dumps(key)}; {hint}"
