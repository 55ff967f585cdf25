"""Whatever is written in whatever pieces, with rotations, full disks and deaths in between, is in
the files: once, in order, each line whole."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from builders import a_spec
from ncolony.logfiles import RETRY_S
from ncolony.logspec import LogSpec
from ncolony.output import Output
from ncolony.readiness import EpollReadiness
from ncolony.rotation import NEAR_THE_END
from reactors import Reactor, nothing_left

KEEP_ALL = 100_000
DROPPED = re.compile(rb"ncolony: (\d+) lines? \((\d+) bytes\) (?:was|were) dropped\n")
#: Mostly short lines, now and then one that is longer than a file, or than what is read at once.
PIECES = st.one_of(
    st.lists(st.sampled_from([b"a", b"bc", b"\n", b"def\n", b"\n\n", b"x" * 9]), max_size=8).map(
        b"".join
    ),
    st.builds(
        lambda line, times, rest: (line + b"\n") * times + rest,
        st.sampled_from([b"", b"line", b"y" * 99]),
        st.integers(0, 60),
        st.sampled_from([b"", b"rest"]),
    ),
    st.sampled_from([b"z" * 9000, b"z" * 70_000, b"z" * 70_000 + b"\n"]),
)
SIZES = st.sampled_from([None, 20, 300, 5000, 100_000])


class Disk:
    """Takes so many bytes more; None: all."""

    def __init__(self) -> None:
        self.room: int | None = None

    def write(self, fd: int, block: bytes) -> int:
        if self.room is None:
            return os.write(fd, block)
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        wrote = os.write(fd, block[: self.room])
        self.room -= wrote
        return wrote


class Sink:
    """Nothing goes to the monitor's log here."""

    trouble = None

    def __init__(self) -> None:
        self.resume = self.changed = self.close = lambda: None

    def write(self, block: bytes) -> bool:
        raise AssertionError(block)


class FilesMachine(RuleBasedStateMachine):
    """One process, its runs, and a grandchild; and the monitor, which may be started again."""

    full = "wait"

    @initialize(max_size=SIZES, kind=st.sampled_from(["raw", "raw", "framed", "split"]))
    def begin(self, max_size: int | None, kind: str) -> None:
        self.guard = nothing_left()
        self.reactor: Reactor = self.guard.__enter__()
        self.root = Path(tempfile.mkdtemp(prefix="ncolony-"))
        self.disk = Disk()
        # What is framed has the stream before each line; both streams are one file's.
        self.kind = kind
        self.log = LogSpec(
            to="files",
            max_size=max_size,
            keep=KEEP_ALL,
            full=self.full,
            split=kind == "split",
            stream=kind == "framed",
        )
        self.largest = max_size
        self.unbounded = max_size is None
        self.written: dict[str, bytes] = {"out": b"", "err": b""}
        self.moved: list[tuple[Path, list[Path]]] = []
        self.start_monitor()

    def start_monitor(self) -> None:
        self.output = Output(
            Sink(),
            partial(EpollReadiness, self.reactor),
            logs=str(self.root / "logs"),
            call_later=self.reactor.callLater,
            utc=lambda: 1.8e9 + self.reactor.seconds(),
            write=self.disk.write,
        )
        self.start_run()

    def start_run(self) -> None:
        writers = self.output.writers(self.spec)
        assert writers.out is not None
        assert writers.err is not None
        self.own = {"out": os.dup(writers.out), "err": os.dup(writers.err)}
        self.output.started("web", writers)
        for fd in self.own.values():
            os.set_blocking(fd, False)

    @property
    def spec(self) -> Any:
        return a_spec()._replace(log=self.log)

    @property
    def apart(self) -> bool:
        return self.kind != "raw"

    def end_run(self) -> None:
        for stream, fd in self.own.items():
            os.close(fd)
            if self.apart or stream == "out":
                self.end_line(stream)
        self.output.ended("web")

    def end_line(self, stream: str) -> None:
        text = self.written[stream]
        if text and not text.endswith(b"\n"):
            self.written[stream] += b"\n"

    @rule(stream=st.sampled_from(["out", "out", "err"]), text=PIECES)
    def say(self, stream: str, text: bytes) -> None:
        """As much as there is room for."""
        for at in range(0, len(text), 1 << 15):
            piece = text[at : at + (1 << 15)]
            try:
                wrote = os.write(self.own[stream], piece)
            except BlockingIOError:
                return
            self.written[stream if self.apart else "out"] += piece[:wrote]
            self.reactor.turn()

    @rule()
    def turn(self) -> None:
        self.reactor.turn()

    @rule()
    def next_run(self) -> None:
        self.end_run()
        self.start_run()

    @rule()
    def rotate(self) -> None:
        self.output.rotate("web")

    @rule(room=st.one_of(st.none(), st.sampled_from([0, 1, 7, 100, 3000])))
    def fill_the_disk(self, room: int | None) -> None:
        self.disk.room = room

    @rule(seconds=st.sampled_from([0.3, RETRY_S]))
    def wait(self, seconds: float) -> None:
        self.reactor.advance(seconds)

    @rule(max_size=SIZES)
    def configure(self, max_size: int | None) -> None:
        """Another limit takes effect with the next run."""
        self.log = self.log._replace(max_size=max_size)
        self.unbounded |= max_size is None
        if max_size is not None:
            self.largest = max(max_size, self.largest or 0)
        self.next_run()

    @rule()
    def restart_monitor(self) -> None:
        """An orderly end, on a disk that has room."""
        self.finish()
        self.start_monitor()

    @rule()
    def take_away(self) -> None:
        """Somebody moves what is written to, and says so."""
        for beginning in ("", "stderr-"):
            current = self.logs / f"{beginning}current"
            if current.exists():
                moved = self.root / f"{beginning}{len(self.moved)}"
                current.rename(moved)
                self.moved.append((moved, self.rotated(beginning)))
        self.output.reopen()

    @property
    def logs(self) -> Path:
        return self.root / "logs" / "web"

    def rotated(self, beginning: str) -> list[Path]:
        return sorted(
            path
            for path in self.logs.iterdir()
            if re.fullmatch(beginning + r"\d.*\.log", path.name)
        )

    def finish(self) -> None:
        self.disk.room = None
        self.reactor.advance(RETRY_S)
        self.reactor.rest()
        self.reactor.advance(RETRY_S)
        self.end_run()
        self.reactor.advance(RETRY_S)
        assert self.output.trouble("web") is None
        self.output.close()

    def teardown(self) -> None:
        if not hasattr(self, "output"):
            return
        self.finish()
        try:
            self.check()
        finally:
            shutil.rmtree(self.root)
            self.guard.__exit__(None, None, None)

    def files(self, beginning: str) -> list[bytes]:
        """The files' contents in the order of writing."""
        paths: list[Path] = []
        for moved, before in self.moved:
            if re.fullmatch(beginning + r"\d+", moved.name):
                paths += [path for path in before if path not in paths]
                paths.append(moved)
        paths += [path for path in self.rotated(beginning) if path not in paths]
        current = self.logs / f"{beginning}current"
        return [path.read_bytes() for path in (*paths, current) if path.exists()]

    def check(self) -> None:
        beginnings = ["", "stderr-"] if self.kind == "split" else [""]
        for beginning in beginnings:
            files = self.files(beginning)
            for text in files:
                assert text.endswith(b"\n") or not text
                self.check_size(text)
        self.check_text()

    def check_size(self, text: bytes) -> None:
        """No file is larger than it may be, but for one that begins within one line of the end."""
        if self.unbounded:
            return
        longest = max(map(len, text.splitlines(keepends=True)), default=0)
        lines = text.count(b"\n")
        assert self.largest is not None
        if len(text) > self.largest and lines > 1:
            assert longest > NEAR_THE_END

    def found(self) -> dict[str, bytes]:
        """What the files have of each stream."""
        text = b"".join(self.files(""))
        if self.kind == "raw":
            return {"out": text, "err": b""}
        if self.kind == "split":
            return {"out": text, "err": b"".join(self.files("stderr-"))}
        found = {"out": b"", "err": b""}
        for line in text.split(b"\n")[:-1]:
            label, _, rest = line.partition(b": ")
            found[label.decode().removeprefix("std")] += rest + b"\n"
        return found

    def check_text(self) -> None:
        found = self.found()
        for stream, text in self.written.items():
            assert found[stream] == text, stream


class DroppingMachine(FilesMachine):
    """The same where what has no room is dropped: all is there, or counted."""

    full = "drop"

    def check_text(self) -> None:
        beginnings = ["", "stderr-"] if self.kind == "split" else [""]
        text = b"".join(b"".join(self.files(beginning)) for beginning in beginnings)
        counts = [(int(lines), int(size)) for lines, size in DROPPED.findall(text)]
        kept = DROPPED.sub(b"", text)
        said = b"".join(self.written.values())
        size = len(said)
        if self.kind == "framed":
            size += len(b"stdout: ") * said.count(b"\n")
        assert len(kept) + sum(size for _, size in counts) == size
        assert kept.count(b"\n") + sum(lines for lines, _ in counts) == said.count(b"\n")
        assert set(kept.split(b"\n")) <= self.lines_said()

    def lines_said(self) -> set[bytes]:
        if self.kind != "framed":
            return {line for text in self.written.values() for line in text.split(b"\n")}
        return {b""} | {
            b"std%s: %s" % (stream.encode(), line)
            for stream, text in self.written.items()
            for line in text.split(b"\n")[:-1]
        }


TestFiles = FilesMachine.TestCase
TestDropping = DroppingMachine.TestCase
