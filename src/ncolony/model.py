"""The values that the machine works on: what a process is, what happened, what to do.

Events are in the past tense, effects in the imperative; all of them are frozen.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .policy import Policy
from .spec import ProcessSpec


class State(StrEnum):
    """Where a process is. The machine's theory of operation says how it moves."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    KILLING = "KILLING"
    BACKOFF = "BACKOFF"
    EXITED = "EXITED"
    FAILED = "FAILED"

    #: Of the C string: an Enum's own, in Python, costs a restart more than its transitions do.
    __hash__ = str.__hash__


class Want(StrEnum):
    """What the operators want, whatever the state is."""

    UP = "UP"
    DOWN = "DOWN"


class StopReason(StrEnum):
    """Why the last run was brought to its end; None where it ended by itself."""

    CHANGED = "its file changed"
    REMOVED = "its file was removed"
    RESTART = "restart requested"
    STOP = "stop requested"
    DISABLED = "disabled in its file"
    LEFTOVER = "it ended and left others behind that it had started"
    PREDECESSOR = "an earlier monitor left it running"
    SHUTDOWN = "the monitor is stopping"


class Ended(NamedTuple):
    """How a run ended: an exit code, or a signal's name. ``at`` in seconds since 1970."""

    code: int | None
    signal: str | None
    at: float
    lived_s: float


class Record(NamedTuple):
    """All that the monitor knows of one process.

    ``pid`` is the process, None once it has ended; ``tree`` the pid by which the run as a whole is
    known, None once nobody is left of that. ``epoch`` counts the starts; whatever carries an older
    one is out of date. ``ran`` is the configuration of the last run, by whose rules it is stopped;
    None where that couldn't be started, or was an earlier monitor's.
    ``note`` is what a request gave as its reason, or why a start failed; ``stuck`` says who is
    left although KILL was sent. ``failures`` are the times of those that count for ``give_up``.
    """

    name: str
    state: State = State.STOPPED
    want: Want = Want.UP
    spec: ProcessSpec | None = None
    ran: ProcessSpec | None = None
    refusal: str | None = None
    refused_fingerprint: str | None = None
    epoch: int = 0
    pid: int | None = None
    tree: int | None = None
    since_at: float = 0.0
    started_mono: float = 0.0
    stop_reason: StopReason | None = None
    last: Ended | None = None
    delay_s: float = 0.0
    next_start_at: float | None = None
    failures: tuple[float, ...] = ()
    note: str = ""
    stuck: str = ""


class Moment(NamedTuple):
    """When an event is dealt with: both clocks in seconds, and the monitor's rules.

    ``chance`` is a number at random from 0 to 1.
    """

    mono: float
    utc: float
    policy: Policy
    chance: float = 0.0


# Events


class Configured(NamedTuple):
    """A valid file is there, new or again."""

    spec: ProcessSpec


class Refused(NamedTuple):
    """The file that is there can't be used; ``fingerprint`` is of its contents, where known."""

    reason: str
    fingerprint: str | None = None


class Removed(NamedTuple):
    """The file is gone."""


class StartAsked(NamedTuple):
    reason: str = ""


class StopAsked(NamedTuple):
    reason: str = ""


class RestartAsked(NamedTuple):
    """``named``: for this very process, not for all or for a group."""

    reason: str = ""
    named: bool = True


class RunRestartAsked(NamedTuple):
    """For the run with this pid, and no other one."""

    pid: int
    reason: str = ""


class SignalAsked(NamedTuple):
    """``signal`` is a name without SIG."""

    signal: str


class ShutdownBegan(NamedTuple):
    """The monitor was told to end."""


class Spawned(NamedTuple):
    epoch: int
    pid: int


class SpawnFailed(NamedTuple):
    epoch: int
    reason: str


class LeftoverFound(NamedTuple):
    """An earlier monitor was killed, and left a run of this process: ``pid`` is one of it."""

    pid: int


class Exited(NamedTuple):
    """The process has ended; ``left`` says whether others that belong to its run still live."""

    epoch: int
    code: int | None
    signal: str | None
    left: bool


class Remained(NamedTuple):
    """The process itself is gone, and a look found that others of its run are not."""

    epoch: int


class TreeGone(NamedTuple):
    """The last one of the run has ended, some time after the process itself."""

    epoch: int


class KillDue(NamedTuple):
    epoch: int


class ReportDue(NamedTuple):
    """KILL was sent a while ago; ``who`` is left, in words."""

    epoch: int
    who: str


class RetryDue(NamedTuple):
    epoch: int


Event = (
    Configured
    | Refused
    | Removed
    | StartAsked
    | StopAsked
    | RestartAsked
    | RunRestartAsked
    | SignalAsked
    | ShutdownBegan
    | Spawned
    | SpawnFailed
    | LeftoverFound
    | Exited
    | Remained
    | TreeGone
    | KillDue
    | ReportDue
    | RetryDue
)


# Effects


class Spawn(NamedTuple):
    """Start ``record.spec``; answer with Spawned or SpawnFailed."""


class SignalTree(NamedTuple):
    """Send a signal to all of a run."""

    pid: int
    signal: str


class SignalProcess(NamedTuple):
    pid: int
    signal: str


class ArmKill(NamedTuple):
    """Answer with KillDue after this long; a process has one timer, so this replaces it."""

    delay_s: float


class ArmReport(NamedTuple):
    """Answer with ReportDue after this long; a process has one timer, so this replaces it."""

    delay_s: float


class ArmRetry(NamedTuple):
    """Answer with RetryDue after this long; a process has one timer, so this replaces it."""

    delay_s: float


class Disarm(NamedTuple):
    """No timer any more."""


class Forget(NamedTuple):
    """Nothing is left of the process, and nobody wants it: drop the record."""


Effect = Spawn | SignalTree | SignalProcess | ArmKill | ArmReport | ArmRetry | Disarm | Forget
