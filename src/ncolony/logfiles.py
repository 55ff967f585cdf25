"""All processes' log files: which there are, which fail, which are old, and who is told."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial

from . import logdir
from .compression import Compressor, Job
from .fileplace import FilePlace
from .isystem import ITimer
from .logfile import Around, LogFile
from .logspec import LogSpec
from .retention import Rotated, surplus
from .rotation import newest_us

#: How long until a file that couldn't be written is tried again.
RETRY_S = 1.0
#: So many old files are removed at a time, so that nothing else has to wait: some milliseconds.
AT_ONCE = 500


class LogFiles:
    """The log files of each process by its name. Provides IKeeper of ``fileplace``.

    ``logs`` is the directory of all of them. ``changed`` is called with the name of a process
    whose ``trouble`` has changed.
    """

    def __init__(
        self,
        logs: str,
        call_later: Callable[..., ITimer],
        utc: Callable[[], float],
        changed: Callable[[str], None],
        limit: int,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self.utc = utc
        self._logs = logs
        self._call_later = call_later
        self._changed = changed
        self._around = Around(call_later, utc, write, limit, self._opened)
        self._compressor = Compressor()
        self._places: dict[str, dict[str, FilePlace]] = {}
        self._failing: dict[FilePlace, None] = {}
        self._retry: ITimer | None = None
        self._untidy: dict[str, str] = {}
        self._uncompressed: dict[str, str] = {}
        self._troubles: dict[str, str] = {}

    # Places

    def place(self, name: str, beginning: str, spec: LogSpec) -> FilePlace:
        """The place of a stream, open where that can be; ``spec`` holds for it from now on."""
        places = self._places.setdefault(name, {})
        place = places.get(beginning)
        if place is None:
            directory = f"{self._logs}/{name}"
            make = partial(LogFile, directory, name, beginning, spec, self._around)
            place = places[beginning] = FilePlace(make, self)
        elif place.file.spec != spec:
            place.configure(spec)
        place.look_again()
        place.open()
        return place

    def release(self, place: FilePlace) -> None:
        """Nobody writes to this place any more."""
        place.close()
        self._failing.pop(place, None)
        name = place.file.name
        places = self._places[name]
        del places[place.file.beginning]
        if not places:
            del self._places[name]
            self._untidy.pop(name, None)
            self._uncompressed.pop(name, None)
        self._tell(name)

    def rotate(self, name: str) -> str | None:
        """Begin new files; why that can't be."""
        places = self._places.get(name, {}).values()
        reasons = [reason for place in places if (reason := place.rotate()) is not None]
        return "; ".join(reasons) or None

    def rotate_all(self) -> None:
        """Begin new files everywhere."""
        for name in list(self._places):
            self.rotate(name)

    def reopen(self) -> None:
        """Begin new files where somebody moved or removed one."""
        for places in list(self._places.values()):
            for place in places.values():
                place.look_again()

    def reaped(self, pid: int, ok: bool) -> None:
        """A child has ended that is none of the colony's processes."""
        self._compressor.reaped(pid, ok)

    def compress_no_more(self) -> None:
        """Leave what isn't compressed to the next monitor."""
        self._compressor.close()

    def close(self) -> None:
        """Write what can be written, and leave the rest to the next monitor."""
        self._compressor.close()
        for places in list(self._places.values()):
            for place in list(places.values()):
                self.release(place)
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    # Trouble

    def trouble(self, name: str) -> str | None:
        """What is wrong with a process's log files, for people."""
        return self._troubles.get(name)

    def failing(self, place: FilePlace) -> None:
        """Try a place again after a while."""
        self._failing[place] = None
        if self._retry is None:
            self._retry = self._call_later(RETRY_S, self._try_again)

    def changed(self, place: FilePlace) -> None:
        """A place's trouble has changed."""
        self._tell(place.file.name)

    def _try_again(self) -> None:
        self._retry = None
        failing, self._failing = self._failing, {}
        for place in failing:
            place.retry()

    def _tell(self, name: str) -> None:
        found = [place.trouble for place in self._places.get(name, {}).values()]
        found += [self._untidy.get(name), self._uncompressed.get(name)]
        text = "; ".join(filter(None, found))
        if text != self._troubles.get(name, ""):
            if text:
                self._troubles[name] = text
            else:
                del self._troubles[name]
            self._changed(name)

    # Old files

    def _opened(self, file: LogFile, at: int) -> int:
        """Look at what there is beside a file that was opened; the newest one's time."""
        try:
            rotated = logdir.rotated_files(at, file.beginning)
            self._tidy(file, at, rotated)
        except OSError as error:
            self._untidy[file.name] = f"cannot tidy {file.directory}: {error.strerror}"
            rotated = []
        else:
            self._untidy.pop(file.name, None)
        self._tell(file.name)
        return newest_us(old.stamp for old in rotated)

    def _tidy(self, file: LogFile, at: int, rotated: list[Rotated]) -> None:
        for name in logdir.unfinished_files(at, file.beginning):
            if not self._compressor.writes(file.directory, name):
                os.unlink(name, dir_fd=at)
        rotated = self._without_originals(at, rotated)
        old = surplus(rotated, file.spec.keep, file.spec.keep_size)[:AT_ONCE]
        for each in old:
            os.unlink(each.name, dir_fd=at)
        if file.spec.compress != "none":
            self._compress(file, sorted(set(rotated) - set(old)))

    @staticmethod
    def _without_originals(at: int, rotated: list[Rotated]) -> list[Rotated]:
        """Remove files that are there compressed as well: a monitor was killed in between."""
        compressed = {each.stamp for each in rotated if not each.name.endswith(".log")}
        found = []
        for each in rotated:
            if each.name.endswith(".log") and each.stamp in compressed:
                os.unlink(each.name, dir_fd=at)
            else:
                found.append(each)
        return found

    def _compress(self, file: LogFile, rotated: Iterable[Rotated]) -> None:
        for each in rotated:
            if each.name.endswith(".log"):
                done = partial(self._compressed, file.name, f"{file.directory}/{each.name}")
                self._compressor.add(Job(file.directory, each.name, file.spec.compress, done))

    def _compressed(self, name: str, path: str, reason: str | None) -> None:
        if name not in self._places:
            return
        if reason is None:
            self._uncompressed.pop(name, None)
        else:
            self._uncompressed[name] = f"{path} stays uncompressed: {reason}"
        self._tell(name)
