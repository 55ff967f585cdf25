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
    LEFTOVER = "it ended and left others of its process group behind"
    SHUTDOWN = "the monitor is stopping"


class Ended(NamedTuple):
    """How a run ended: an exit code, or a signal's name. ``at`` in seconds since 1970."""

    code: int | None
    signal: str | None
    at: float
    lived_s: float


class Record(NamedTuple):
    """All that the monitor knows of one process.

    ``pid`` is the process, None once it has ended; ``pgid`` its group, None once nobody is left
    in that. ``epoch`` counts the starts; whatever carries an older one is out of date.
    ``note`` is what a request gave as its reason, or why a start failed.
    """

    name: str
    state: State = State.STOPPED
    want: Want = Want.UP
    spec: ProcessSpec | None = None
    refusal: str | None = None
    epoch: int = 0
    pid: int | None = None
    pgid: int | None = None
    since_at: float = 0.0
    started_mono: float = 0.0
    stop_reason: StopReason | None = None
    last: Ended | None = None
    delay_s: float = 0.0
    next_start_at: float | None = None
    note: str = ""


class Moment(NamedTuple):
    """When an event is dealt with: both clocks in seconds, and the rules that hold then."""

    mono: float
    utc: float
    policy: Policy


# Events


class Configured(NamedTuple):
    """A valid file is there, new or again."""

    spec: ProcessSpec


class Refused(NamedTuple):
    """The file that is there can't be used."""

    reason: str


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


class Exited(NamedTuple):
    """The process has ended; ``group_left`` says whether others of its group still live."""

    epoch: int
    code: int | None
    signal: str | None
    group_left: bool


class GroupGone(NamedTuple):
    """The last one of the group has ended, some time after the process itself."""

    epoch: int


class KillDue(NamedTuple):
    epoch: int


class RetryDue(NamedTuple):
    epoch: int


Event = (
    Configured
    | Refused
    | Removed
    | StartAsked
    | StopAsked
    | RestartAsked
    | SignalAsked
    | ShutdownBegan
    | Spawned
    | SpawnFailed
    | Exited
    | GroupGone
    | KillDue
    | RetryDue
)


# Effects


class Spawn(NamedTuple):
    """Start ``record.spec``; answer with Spawned or SpawnFailed."""


class SignalGroup(NamedTuple):
    pgid: int
    signal: str


class SignalProcess(NamedTuple):
    pid: int
    signal: str


class ArmKill(NamedTuple):
    """Answer with KillDue after this long; a process has one timer, so this replaces it."""

    delay_s: float


class ArmRetry(NamedTuple):
    """Answer with RetryDue after this long; a process has one timer, so this replaces it."""

    delay_s: float


class Disarm(NamedTuple):
    """No timer any more."""


class Forget(NamedTuple):
    """Nothing is left of the process, and nobody wants it: drop the record."""


Effect = Spawn | SignalGroup | SignalProcess | ArmKill | ArmRetry | Disarm | Forget
