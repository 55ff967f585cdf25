"""The exit codes of ``ncolony run``, and when an essential process decides on one."""

from __future__ import annotations

from .model import Record, State
from .policy import Policy, in_force
from .signalnames import signal_number

#: After TERM, INT or QUIT, with nothing left behind.
ORDERLY = 0
USAGE = 2
#: Processes were left that can't be killed.
LEFT_BEHIND = 71
#: A directory can't be made, locked or written to: EX_CANTCREAT of sysexits.h.
CANNOT_CREATE = 73
#: Another monitor runs on these directories: EX_TEMPFAIL.
ANOTHER_RUNS = 75
#: A root monitor's directories that others may write to: EX_NOPERM.
NOT_TRUSTED = 77
#: An essential process couldn't be started, as shells have it.
NOT_STARTED = 127
#: What a process that a signal ended counts as: this and the signal's number, as in shells.
SIGNALLED = 128


class CannotStart(Exception):
    """The monitor can't begin; ``str()`` says why in a line."""

    def __init__(self, exit_code: int, reason: str) -> None:
        super().__init__(f"cannot start: {reason}")
        self.exit_code = exit_code


def decided(record: Record, defaults: Policy) -> int | None:
    """The monitor's exit code, if this is an essential process that has ended for good."""
    spec = record.spec
    if spec is None or record.state not in (State.EXITED, State.FAILED):
        return None
    if not in_force(spec.policy, defaults).essential:
        return None
    last = record.last
    if record.ran is None or last is None:
        return NOT_STARTED
    if last.signal is not None:
        return SIGNALLED + signal_number(last.signal.removeprefix("SIG"))
    return last.code
