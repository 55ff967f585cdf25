"""See what becomes of what was asked for, and wait until it has happened."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256

from .. import request
from ..request import Request
from ..status import StatusRecord
from . import observed, outcome
from .asking import send
from .errors import CtlError
from .outcome import Failed, Happened, Judge, Pending, Verdict
from .places import Colony
from .regular import read_regular
from .waiting import NOT_RUNNING, Patience, each, until

OneRequest = request.Start | request.Stop | request.Restart | request.Signal | request.Rotate

#: More than any process's file may have.
MAX_BYTES = 1 << 21
#: Where the monitor puts what it can't carry out, with the reason in a file beside it.
REJECTED = ".rejected"
#: 0.5 s of looks, ten times what the status may lag behind.
LOOKS_UNTIL_NEW = 50

_JUDGES: dict[type[OneRequest], Judge] = {
    request.Start: outcome.started,
    request.Stop: outcome.stopped,
    request.Restart: outcome.restarted,
    # These are done when the request is accepted, and nothing can be seen of them.
    request.Signal: lambda _, now: Happened(),
    request.Rotate: lambda _, now: Happened(),
}


def accepted(messages: str, file: str, who: str = "the monitor") -> Verdict:
    """Whether a request has been taken up: its file is gone, and not among the rejected."""
    if os.path.lexists(os.path.join(messages, file)):
        return Pending(f"{who} has not taken up the request yet")
    rejected = os.path.join(messages, REJECTED, file)
    try:
        reason = read_regular(rejected + ".reason", 4096).decode("utf-8", "replace").strip()
    except OSError:
        # The reason is written after the request was moved: look once more.
        there = os.path.lexists(rejected)
        return Pending(f"{who} rejected it, without a reason") if there else Happened()
    return Failed(f"{who} rejected it: {reason}")


def following(
    messages: str, file: str, then: Callable[[], Verdict], who: str = "the monitor"
) -> Callable[[], Verdict]:
    """One look at a request: whether it is accepted, and where it is, what ``then`` sees.

    ``who`` is to take it up. It does so first, and may reject it a moment later.
    """
    patient = until_new(then)

    def look() -> Verdict:
        verdict = accepted(messages, file, who)
        return patient() if isinstance(verdict, Happened) else verdict

    return look


def until_new(look: Callable[[], Verdict]) -> Callable[[], Verdict]:
    """As ``look``, but what is lasting and still there when the status must be new is final."""
    looks_left = LOOKS_UNTIL_NEW

    def patient() -> Verdict:
        nonlocal looks_left
        verdict = look()
        if not isinstance(verdict, Pending) or verdict.lasting is None:
            return verdict
        looks_left -= 1
        return verdict if looks_left else verdict.lasting

    return patient


def changing(
    verb: str, colony: Colony, name: str, text: bytes, wait_s: float
) -> Callable[[], None]:
    """What waits, once a process's new file is written, until it is in force and runs.

    Where the file says that it isn't enabled, until it is down.
    """
    look = look_at_change(colony, name, text)
    return lambda: wait_for(f"{verb} {name}", colony, look, wait_s)


def look_at_change(colony: Colony, name: str, text: bytes) -> Callable[[], Verdict]:
    """What looks whether a process's file that is about to be written is in force, and it runs.

    Or is down, where the file says so.
    """
    from ..spec import parse  # 4 ms that no other wait needs

    enabled = parse(name, text).enabled
    fingerprint = sha256(text).hexdigest()
    before = observed.record(colony, name)

    def look() -> Verdict:
        return outcome.added(before, observed.record(colony, name), fingerprint, enabled)

    return look


def wait_removed(colony: Colony, name: str, wait_s: float) -> None:
    """Wait until a process whose file was removed is gone. Raises CtlError."""

    def look() -> Verdict:
        return outcome.removed(observed.record(colony, name))

    wait_for(f"remove {name}", colony, look, wait_s)


def ask_one(verb: str, colony: Colony, asked: OneRequest, wait_s: float) -> None:
    """Ask something of one process; wait until it has happened. Raises CtlError."""
    judge = _JUDGES[type(asked)]
    before = observed.record(colony, asked.name)
    file = send(colony, asked)
    look = following(
        colony.messages, file, lambda: judge(before, observed.record(colony, asked.name))
    )
    wait_for(f"{verb} {asked.name}", colony, look, wait_s, os.path.join(colony.messages, file))


def ask_many(
    what: str, colony: Colony, asked: Request, wait_s: float, names: list[str] | None = None
) -> None:
    """Ask for a restart of many, or of all; wait until those that ran before run again.

    Raises CtlError.
    """

    def looking(name: str, was: StatusRecord) -> Callable[[], Verdict]:
        return lambda: outcome.restarted(was, observed.record(colony, name))

    before = observed.records(colony, names)
    file = send(colony, asked)
    looks = {name: looking(name, was) for name, was in before.items() if was.state == "RUNNING"}
    look = following(colony.messages, file, each(looks))
    wait_for(what, colony, look, wait_s, os.path.join(colony.messages, file))


def wait_for(
    what: str,
    colony: Colony,
    look: Callable[[], Verdict],
    wait_s: float,
    asked: str | None = None,
    *,
    monitor: bool = False,
) -> None:
    """Wait at most so many seconds.

    Where no monitor runs, that is over after a moment, unless it is the ``monitor`` that is
    waited for.

    ``asked`` is the path of the request, where there is one. Raises CtlError where it doesn't come
    to that.
    """
    patience = Patience(wait_s, for_monitor=monitor)
    verdict = until(look, lambda: observed.monitor_is_running(colony), patience)
    judged(what, verdict, NOT_RUNNING, asked)


def judged(what: str, verdict: Happened | Failed, absent: str, asked: str | None) -> None:
    """Raise CtlError where it has failed; ``absent`` is the reason that nobody was there.

    A process's or a job's file stays for who comes next; a request, at the path ``asked``, doesn't
    where it has been taken up.
    """
    if not isinstance(verdict, Failed):
        return
    left = ""
    if verdict.why == absent:
        stays = asked is None or os.path.lexists(asked)
        left = (
            "; what was asked for stays for when it comes"
            if stays
            else "; it had taken up the request"
        )
    raise CtlError(f"cannot {what}: {verdict.why}{left}")


def wait_until(
    colony: Colony,
    names: list[str],
    judge: Callable[[StatusRecord | None], Verdict],
    timeout_s: float,
) -> None:
    """Wait until ``judge`` finds each of the processes good, or one that won't be.

    Raises CtlError.
    """

    def looking(name: str) -> Callable[[], Verdict]:
        def look() -> Verdict:
            now = observed.record(colony, name)
            verdict = judge(now)
            if isinstance(verdict, Pending) and not _knows_its_file(colony, name, now):
                return Pending(verdict.now)
            return verdict

        return until_new(look)

    looks = {name: looking(name) for name in names}
    look = each(looks, to_the_end=False)
    wait_for(f"wait for {' '.join(names)}", colony, look, timeout_s, monitor=True)


def _knows_its_file(colony: Colony, name: str, now: StatusRecord | None) -> bool:
    """Whether what the monitor says of a process is about the file that lies there now."""
    if now is None or (now.refused is not None and now.refused_fingerprint is None):
        return True
    try:
        text = read_regular(os.path.join(colony.config, name), MAX_BYTES)
    except OSError:
        return True
    return sha256(text).hexdigest() in {now.fingerprint, now.refused_fingerprint}
