"""What should run and when: one job's file, checked whole before any of it is used.

It is a process's file with the keys of ``JOB_FIELDS``, and without those of ``REFUSED``.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from .. import spec
from ..faults import Fault
from ..fields import FIELDS
from ..spec import ProcessSpec, SpecError
from ..values import Wrong
from .jobfields import JOB_FIELDS, REFUSED
from .schedule import Every, Schedule

__all__ = ["JOB_FIELDS", "REFUSED", "JobError", "JobSpec", "parse"]


class JobError(SpecError):
    """A job's file that can't be used; ``faults`` has each reason, ``str()`` all in a line."""


class JobSpec(NamedTuple):
    """One job as its file asks for it. ``process`` is what runs; seconds, none below zero.

    ``timeout_s`` is None where it may take as long as it likes; ``grace_s`` is from the stop signal
    to KILL. ``overlap`` says what happens when it is due while it runs: ``skip``, ``wait`` or
    ``allow``. A start is up to ``jitter_s`` late, at random. ``at_start``: also due when the
    scheduler first sees it. ``catch_up``: what was missed is made up for, once.
    """

    process: ProcessSpec
    schedule: Schedule
    timeout_s: float | None = None
    grace_s: float = 5.0
    overlap: str = "skip"
    jitter_s: float = 0.0
    at_start: bool = False
    catch_up: bool = True

    @property
    def name(self) -> str:
        """The job's name, which is its file's."""
        return self.process.name

    @property
    def enabled(self) -> bool:
        """Whether it runs by its schedule."""
        return self.process.enabled

    @property
    def success(self) -> frozenset[int | str]:
        """The exit codes, and signals' names with SIG, that are no failures."""
        found: frozenset[int | str] = dict(self.process.policy or ()).get("success", _SUCCESS)
        return found

    @property
    def stop_signal(self) -> str:
        """What asks it to end: a signal's name without SIG, or digits."""
        return str(dict(self.process.policy or ()).get("stop_signal", "TERM"))


_SUCCESS: frozenset[int | str] = frozenset({0})


def parse(name: str, text: bytes) -> JobSpec:
    """The job that a file of this name and contents asks for.

    Raises JobError with every fault there is, not just the first.
    """
    document = _document(text)
    own: dict[str, Any] = {}
    faults: list[Fault] = []
    for key in [key for key in document if key in JOB_FIELDS]:
        field, value = JOB_FIELDS[key], document.pop(key)
        try:
            own[field.target or key] = field.convert(value)
        except Wrong as wrong:
            message = f"found {wrong.found}; allowed: {field.allowed}"
            faults.append(Fault(key + wrong.where, message))
    if "schedule" not in own and not any(fault.field.startswith("schedule") for fault in faults):
        faults.insert(0, Fault("schedule", f"missing; allowed: {JOB_FIELDS['schedule'].allowed}"))
    for key in [key for key in document if key in REFUSED]:
        del document[key]
        faults.append(Fault(key, f"not allowed: {REFUSED[key]}"))
    warnings = [_unknown(key) for key in _take_unknown(document)]
    process = _process(name, document, text, faults)
    faults += _at_odds(own)
    if process is None or faults:
        raise JobError(tuple(faults))
    warnings += process.warnings
    return JobSpec(process._replace(warnings=tuple(warnings[: spec.MAX_WARNINGS])), **own)


def _document(text: bytes) -> dict[str, Any]:
    """Whatever is wrong with it as a whole is said as of any file."""
    try:
        document = json.loads(text.decode("utf-8")) if len(text) <= spec.MAX_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    try:
        spec.parse("job", text)
    except SpecError as error:
        raise JobError(error.faults) from None
    raise AssertionError("what is no JSON object is no process's file")


def _process(
    name: str, document: dict[str, Any], text: bytes, faults: list[Fault]
) -> ProcessSpec | None:
    try:
        return spec.parse(name, json.dumps(document).encode())._replace(text=text)
    except SpecError as error:
        faults += error.faults
        return None


def _at_odds(own: dict[str, Any]) -> list[Fault]:
    schedule, jitter_s = own.get("schedule"), own.get("jitter_s", 0.0)
    if isinstance(schedule, Every) and jitter_s > schedule.period_s:
        found = f"found {jitter_s:g} s; allowed: not above the {schedule.period_s:g} s of every"
        return [Fault("jitter", found)]
    return []


def _take_unknown(document: dict[str, Any]) -> list[str]:
    found = [key for key in document if key not in FIELDS and not spec.is_others(key)]
    for key in found:
        del document[key]
    return found


def _unknown(key: str) -> str:
    from difflib import get_close_matches  # 1 ms, and seldom needed

    known = [*JOB_FIELDS, *[field for field in FIELDS if field not in REFUSED]]
    near = get_close_matches(key.lower(), known, n=1, cutoff=0.4)
    rest = f"known are {', '.join(dict.fromkeys(known))}; keys of others carry a dot"
    hint = f"did you mean {json.dumps(near[0])}?" if near else rest
    return f"unknown key {json.dumps(key)}; {hint}"
