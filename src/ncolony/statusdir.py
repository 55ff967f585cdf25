"""The status directory: each process's file soon after it changed, never half written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .isystem import ISystem, ITimer
from .names import is_process_name
from .reserve import Reserve
from .status import MONITOR_FILE, MonitorStatus, StatusRecord, encode, encode_monitor

#: Changes within this time are one write; 50 ms after a change its file is there.
SOON_S = 0.02
#: Starts go before files, but not for longer than this: on a busy machine there may be always some.
MOST_S = 5.0
#: How long files are written before the reactor gets its turn.
SLICE_S = 0.01
#: How long until a file that couldn't be written, on a full disk say, is tried again.
RETRY_S = 1.0


class StatusDir:
    """Writes what ``status_of`` knows of a name, removes what it doesn't.

    All of ``names`` are written where the directory turns out to be another, and ``made_anew``
    is called. ``busy`` says that starts go before files. ``monitor`` is asked for the monitor's
    own status, whose file is written when anything in that but its date has changed.
    """

    def __init__(
        self,
        system: ISystem,
        directory: str,
        status_of: Callable[[str], StatusRecord | None],
        names: Callable[[], Iterable[str]],
        monitor: Callable[[], MonitorStatus],
        busy: Callable[[], bool],
        made_anew: Callable[[], None],
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._directory = directory
        self._reserve = Reserve(system, directory)
        self._status_of = status_of
        self._names = names
        self._monitor = monitor
        self._busy = busy
        self._made_anew = made_anew
        self._said = said
        self._dirty: dict[str, None] = {}
        self._failed: dict[str, None] = {}
        self._round: dict[str, None] = {}  # the monitor's own file comes after each
        self._timer: ITimer | None = None
        self._not_before_mono = 0.0
        self._overdue_mono: float | None = None
        self._last: MonitorStatus | None = None
        self.trouble: str | None = None

    def begin(self) -> None:
        """Files of an earlier monitor are replaced or removed."""
        for name in self._system.names(self._directory):
            if is_process_name(name):
                self._dirty[name] = None
        self._soon(SOON_S)

    def mark(self, name: str) -> None:
        """A process has changed."""
        if name not in self._round:
            self._dirty[name] = None
        self._soon(SOON_S)

    def mark_monitor(self) -> None:
        """Something of the monitor itself has changed."""
        self._soon(SOON_S)

    def put_off(self, span_s: float) -> None:
        """Write nothing for a while: most of it will be out of date by then."""
        self._not_before_mono = self._system.mono() + span_s

    def end(self, final: MonitorStatus) -> None:
        """An orderly end: nothing runs any more, so no process has a file."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            names = self._system.names(self._directory)
        except OSError as error:
            self._fail(error)
            return
        for name in filter(is_process_name, names):
            self._attempt(self._system.remove, self._directory, name)
        self._attempt(self._reserve.write, MONITOR_FILE, encode_monitor(final))

    def _soon(self, delay_s: float) -> None:
        if self._timer is None:
            self._timer = self._system.call_later(delay_s, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._waits():
            self._soon(SOON_S)
            return
        self.check()
        if not self._round:
            self._round, self._dirty = self._dirty, {}
        until = self._system.mono() + SLICE_S
        while self._round:
            if self._system.mono() >= until:
                self._soon(0)
                return
            name = next(iter(self._round))
            del self._round[name]
            if not self._attempt(self._write, name):
                self._failed[name] = None
        self._overdue_mono = None
        if not self._failed:
            self.trouble = None
        if not self._attempt(self._write_monitor) or self._failed:
            self._dirty |= self._failed
            self._failed = {}
            self._soon(RETRY_S)
        elif self._dirty:
            self._soon(SOON_S)

    def _waits(self) -> bool:
        """Whether there is something that goes before the files."""
        now_mono = self._system.mono()
        if not self._busy():
            return now_mono < self._not_before_mono
        if self._overdue_mono is None:
            self._overdue_mono = now_mono + MOST_S
        return now_mono < max(self._overdue_mono, self._not_before_mono)

    def check(self) -> None:
        """See whether it is still the directory that was written to; fill one that isn't."""
        if self._last is None or self._is_there():
            return
        self._last = None
        self._reserve.lost()
        self._attempt(self._system.make_directory, self._directory)
        self._attempt(self._made_anew)
        self._dirty |= dict.fromkeys(self._names())
        self._soon(SOON_S)

    def _is_there(self) -> bool:
        """Whether it is the directory that was written to, and not one made anew."""
        try:
            self._system.stamp(self._directory, MONITOR_FILE)
        except OSError:
            return False
        return True

    def _write(self, name: str) -> None:
        status = self._status_of(name)
        if status is None:
            self._system.remove(self._directory, name)
        else:
            self._reserve.write(name, encode(status))

    def _write_monitor(self) -> None:
        now = self._monitor()
        if self._last is None or now._replace(updated_at=self._last.updated_at) != self._last:
            self._reserve.write(MONITOR_FILE, encode_monitor(now))
            self._last = now

    def _attempt(self, function: Callable[..., None], *args: object) -> bool:
        """Whether it could be done; where not, ``trouble`` says why."""
        try:
            function(*args)
        except OSError as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: OSError) -> None:
        trouble = f"cannot write the status in {self._directory}: {error.strerror}"
        if trouble != self.trouble:
            self._said(trouble)
        self.trouble = trouble
