"""Log files of real processes: nothing lost, doubled or torn, whatever becomes of the files."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from colony import Colony, alive, until

#: A run that ends isn't followed by another one.
ONCE = {"restart": "never"}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
#: Numbered lines of many lengths, so many bytes of them at least, written in pieces.
_FLOOD = """
import os, sys
number = size = 0
lines = []
while size < int(sys.argv[1]):
    lines.append(b"%d %s\\n" % (number, b"x" * (number * 7919 % 900)))
    size += len(lines[-1])
    number += 1
rest = memoryview(b"".join(lines))
while rest:
    rest = rest[os.write(1, rest[:50021]):]
"""
MB = 1_000_000


class Files:
    """The log files of one process."""

    def __init__(self, colony: Colony, name: str = "web") -> None:
        self.directory = colony.root / "logs" / name
        self.current = self.directory / "current"

    def text(self, name: str = "current") -> bytes:
        try:
            return (self.directory / name).read_bytes()
        except FileNotFoundError:
            return b""

    def lines(self, name: str = "current") -> list[bytes]:
        """The lines of a file, but for one that has no end yet."""
        return self.text(name).split(b"\n")[:-1]

    def rotated(self) -> list[Path]:
        if not self.directory.exists():
            return []
        return sorted(path for path in self.directory.iterdir() if re.match(r"\d", path.name))

    def texts(self) -> list[bytes]:
        """What was rotated, and what is current, uncompressed, in order."""
        return [*map(contents, self.rotated()), self.text()]

    def has(self, text: bytes, name: str = "current") -> None:
        """Wait until a file has this text, and no other."""
        until(lambda: self.text(name) == text, f"{text!r} in {self.directory}/{name}")


def contents(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
    return path.read_bytes()


def to_files(**log: Any) -> dict[str, Any]:
    return {"log": {"to": "files", **log}}


def flood(colony: Colony, size_bytes: int, **log: Any) -> None:
    """A process that writes numbered lines as fast as it can, once."""
    command = ("python3", "-I", "-S", "-c", _FLOOD, str(size_bytes))
    path = {"PATH": os.environ["PATH"]}
    colony.configure("web", *command, env=path, **to_files(**log), **ONCE)


def numbered(size_bytes: int) -> bytes:
    """What it writes."""
    lines: list[bytes] = []
    size = 0
    while size < size_bytes:
        number = len(lines)
        lines.append(b"%d %s\n" % (number, b"x" * (number * 7919 % 900)))
        size += len(lines[-1])
    return b"".join(lines)


def assert_whole(texts: list[bytes], size_bytes: int) -> None:
    """Each line is there once, in order, and in one file."""
    assert all(text.endswith(b"\n") for text in texts if text)
    assert b"".join(texts) == numbered(size_bytes)


# Where output goes


def test_output_is_in_files_of_its_owner_s(colony: Colony) -> None:
    """Both streams as they come, for the monitor's user and group to read, and nowhere else."""
    files = Files(colony)
    colony.start()
    colony.shell("web", r"printf 'one\n\377\n'; echo two >&2; exec sleep infinity", **to_files())
    files.has(b"one\n\xff\ntwo\n")
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (files.directory, files.current)]
    assert modes == [0o750, 0o640]
    assert b"two" not in colony.log()


def test_each_form_of_a_line(colony: Colony) -> None:
    """Times, streams, objects, files of standard error's own; all as the reference has them.

    And the line of Python that it has brings back every byte.
    """
    said = bytes(byte for byte in range(256) if byte != ord("\n"))
    said += "\u20ac\U0001f40e".encode() + b"\xed\xb2\x80"
    (colony.root / "said").write_bytes(said + b"\n")
    colony.start()
    colony.shell("bytes", f"cat {colony.root}/said", **to_files(format="json"), **ONCE)
    script = "echo out; echo err >&2; exec sleep infinity"
    colony.shell("timed", script, **to_files(time=True))
    colony.shell("told", script, **to_files(stream=True))
    colony.shell("both", script, **to_files(time=True, stream=True))
    colony.shell("objects", script, **to_files(format="json"))
    colony.shell("apart", script, **to_files(split=True))

    def lines(name: str) -> list[str]:
        found = [line.decode() for line in Files(colony, name).lines()]
        return sorted(found, key=lambda line: "err" in line)

    for name in ("timed", "told", "both", "objects"):
        until(lambda n=name: len(lines(n)) == 2, f"both lines of {name}")
    assert re.fullmatch(f"{TIME} out\n{TIME} err", "\n".join(lines("timed")))
    assert lines("told") == ["stdout: out", "stderr: err"]
    assert re.fullmatch(f"{TIME} stdout: out\n{TIME} stderr: err", "\n".join(lines("both")))
    found = [json.loads(line) for line in lines("objects")]
    assert all(re.fullmatch(TIME, each.pop("time")) for each in found)
    assert [tuple(each.values()) for each in found] == [
        ("objects", "stdout", "out"),
        ("objects", "stderr", "err"),
    ]
    line = until(lambda: lines("bytes"), "the line of all bytes")[0]
    assert json.loads(line)["message"].encode("utf-8", "surrogateescape") == said
    Files(colony, "apart").has(b"out\n")
    Files(colony, "apart").has(b"err\n", "stderr-current")


def test_inherited_output_is_nobody_else_s(colony: Colony) -> None:
    """It goes where the monitor's goes, without a name; with none it goes nowhere."""
    colony.start()
    script = "echo from $NCOLONY_NAME; echo error $NCOLONY_NAME >&2; exec sleep infinity"
    for to in ("none", "inherit"):
        colony.shell(to, script, log=to)
    colony.said(b"from inherit\n")
    colony.said(b"error inherit\n")
    pid = colony.running("none")
    assert os.readlink(f"/proc/{pid}/fd/1") == os.devnull
    assert b"none" not in colony.log()
    assert b": from inherit" not in colony.log()
    assert not (colony.root / "logs").exists()


def test_the_default_is_an_option_s(colony: Colony) -> None:
    """``--log`` holds for those whose files say nothing; the monitor's own lines have its form."""
    colony.start("--log", '{"to": "files", "stream": true}')
    colony.shell("web", "echo out; exec sleep infinity")
    colony.shell("other", "echo out; exec sleep infinity", log="monitor")
    Files(colony).has(b"stdout: out\n")
    colony.said(b"other: out\n")
    assert colony.stop() == 0
    colony.log_path.unlink()
    colony.remove("other")
    colony.start("--log", '{"to": "monitor", "format": "json"}')
    colony.shell("end", "echo out; exit 3", **ONCE)
    colony.until_state("end", "EXITED")
    expected = {("web", "stdout"), ("end", "stdout"), ("", "ncolony")}

    def found() -> list[dict[str, str]]:
        lines = [json.loads(line) for line in colony.log_lines()]
        return lines if {(each["process"], each["stream"]) for each in lines} >= expected else []

    lines = until(found, "a line of each")
    assert {tuple(each) for each in lines} == {("time", "process", "stream", "message")}


def test_another_place_holds_from_the_next_run_on(colony: Colony) -> None:
    """A file that is changed while its process runs: each run's output is where it was to go."""
    files = Files(colony)
    colony.start("--killtime", "60")
    script = "exec 2>&-; trap 'echo end; exit' TERM; echo {}; while :; do sleep 0.01; done"
    colony.shell("web", script.format("first"))
    colony.said(b"web: first\n")
    colony.shell("web", script.format("second"), **to_files())
    files.has(b"second\n")
    colony.shell("web", script.format("third"), **to_files(stream=True))
    files.has(b"second\nend\nstdout: third\n")
    colony.shell("web", script.format("fourth"))
    colony.said(b"web: fourth\n")
    assert files.text() == b"second\nend\nstdout: third\nstdout: end\n"
    assert colony.lines("web") == [b"first", b"end", b"fourth"]


def test_a_last_line_is_ended_with_its_process(colony: Colony) -> None:
    """And what the next run says stands after it."""
    colony.start("--minrestartdelay", "0.02", "--maxrestartdelay", "0.02")
    colony.shell("web", "printf 'one '; printf two; kill -KILL $$", **to_files())
    until(lambda: len(Files(colony).lines()) >= 3, "three runs")
    assert set(Files(colony).lines()) == {b"one two"}


# Rotation


def test_no_line_is_lost_or_torn_by_rotations_at_full_speed(colony: Colony) -> None:
    """20 MB in files of 1 MB: each line once, whole, in order, and no file too large."""
    files = Files(colony)
    colony.start()
    flood(colony, 20 * MB, max_size="1M", keep=1000)
    colony.until_state("web", "EXITED")
    texts = files.texts()
    assert_whole(texts, 20 * MB)
    assert max(map(len, texts)) <= 1 << 20
    assert len(texts) == -(-20 * MB // (1 << 20))


def test_a_file_is_rotated_at_its_age(colony: Colony) -> None:
    """Also when nothing more is written."""
    files = Files(colony)
    colony.start()
    colony.shell("web", "echo one; exec sleep infinity", **to_files(max_age=1))
    until(files.rotated, "a rotated file")
    assert files.texts() == [b"one\n", b""]
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{6}Z\.log", files.rotated()[0].name)


def test_files_are_rotated_on_request(colony: Colony) -> None:
    """One process's, or all; who has no files is told so."""
    files = Files(colony)
    colony.start()
    colony.shell("web", "echo one; exec sleep infinity", **to_files())
    colony.shell("other", "echo one; exec sleep infinity")
    files.has(b"one\n")
    colony.ask("ROTATE", "web")
    files.has(b"")
    colony.ask("ROTATE-ALL")
    colony.said(b"other: one\n")
    asked = colony.ask("ROTATE", "other")
    reason = until(lambda: colony.rejected(asked), "a rejection")
    assert "other does not log to files" in reason
    assert files.texts() == [b"one\n", b""]


def test_a_file_that_was_moved_is_let_go_at_hup(colony: Colony) -> None:
    """As by logrotate: what comes then is in a new file, and what was written stays moved."""
    files = Files(colony)
    colony.start()
    go = colony.root / "go"
    script = f"echo one; while ! [ -e {go} ]; do sleep 0.01; done; echo two; exec sleep infinity"
    colony.shell("web", script, **to_files())
    files.has(b"one\n")
    files.current.rename(files.directory / "moved")
    os.kill(colony.pid, signal.SIGHUP)
    until(files.current.exists, "a new file")
    go.touch()
    files.has(b"two\n")
    assert files.text("moved") == b"one\n"


@pytest.mark.parametrize("method", ["gzip", "zstd"])
def test_rotated_files_are_compressed(colony: Colony, method: str) -> None:
    """All of them, soon, with nothing lost, and while the process goes on."""
    if shutil.which(method) is None:
        pytest.skip(f"{method} is not installed")
    files = Files(colony)
    colony.start()
    flood(colony, 4 * MB, max_size="512K", keep=1000, compress=method)
    colony.until_state("web", "EXITED")
    suffix = {"gzip": ".gz", "zstd": ".zst"}[method]
    until(lambda: {path.suffix for path in files.rotated()} == {suffix}, "all are compressed")
    assert_whole(files.texts(), 4 * MB)
    assert colony.of("web")["output"] is None  # type: ignore[index]


def test_a_compression_ends_with_the_monitor(colony: Colony) -> None:
    """Nothing waits for it; the file stays as it was, and the next monitor compresses it."""
    programs = colony.root / "programs"
    programs.mkdir()
    slow = programs / "gzip"
    slow.write_text(f"#!/bin/sh\necho $$ >{colony.root}/pid\nexec sleep infinity\n")
    slow.chmod(0o755)
    files = Files(colony)
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    colony.start(env=path)
    colony.shell("web", "echo one; exec sleep infinity", **to_files(compress="gzip"))
    files.has(b"one\n")
    colony.ask("ROTATE", "web")
    written = colony.root / "pid"
    until(lambda: written.exists() and written.read_text().strip(), "it is being compressed")
    assert colony.stop() == 0
    until(lambda: not alive(int(written.read_text())), "the compressor is gone")
    assert sorted(os.listdir(files.directory)) == [files.rotated()[0].name, "current"]
    colony.start()
    until(lambda: [path.suffix for path in files.rotated()] == [".gz"], "it is compressed")
    assert contents(files.rotated()[0]) == b"one\n"


def test_the_next_monitor_goes_on_with_a_killed_one_s_file(colony: Colony) -> None:
    """What was read is there, its last line is ended, and nothing is written over."""
    files = Files(colony)
    colony.start()
    colony.shell("web", "printf 'one\\nhalf'; exec sleep infinity", **to_files())
    files.has(b"one\nhalf")
    colony.stop(signal.SIGKILL)
    colony.start()
    files.has(b"one\nhalf\none\nhalf")


# No room


@pytest.fixture
def small(colony: Colony) -> Iterator[Colony]:
    """A colony whose logs are on a disk of 256 KB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    logs = colony.root / "logs"
    logs.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=755", "none", str(logs)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield colony
    finally:
        subprocess.run(["umount", "--lazy", str(logs)], check=True)


def fill(colony: Colony) -> Path:
    """Fill its disk; what has to be removed for room."""
    ballast = colony.root / "logs" / ".ballast"
    subprocess.run(
        ["dd", "if=/dev/zero", f"of={ballast}", "bs=1k"], capture_output=True, check=False
    )
    assert ballast.stat().st_size > 200_000
    return ballast


def output_of(colony: Colony, name: str) -> str:
    return str((colony.of(name) or {}).get("output") or "")


def test_on_a_full_disk_only_the_writer_waits(small: Colony) -> None:
    """The status says so; others run, start and are heard; then all is there, once."""
    files = Files(small)
    small.start()
    small.shell("other", "while :; do echo on; sleep 0.01; done")
    small.running("other")
    ballast = fill(small)
    flood(small, 150_000)
    until(lambda: "No space left on device" in output_of(small, "web"), "it waits")
    assert output_of(small, "web").startswith("output waits: ")
    heard = len(small.lines("other"))
    until(lambda: len(small.lines("other")) > heard + 5, "the other one is heard")
    small.shell("late", "echo late; exec sleep infinity")
    small.said(b"late: late\n")
    assert small.until_state("web", "RUNNING")["pid"]
    ballast.unlink()
    small.until_state("web", "EXITED", output=None)
    until(lambda: len(files.text()) >= len(numbered(150_000)), "all of it")
    assert_whole(files.texts(), 150_000)


def test_the_removal_of_the_file_that_fills_the_disk_makes_room(small: Colony) -> None:
    """What nobody wants any more isn't held open."""
    files = Files(small)
    small.start()
    flood(small, 400_000)
    until(lambda: output_of(small, "web"), "it waits")
    files.current.unlink()
    small.until_state("web", "EXITED", output=None)
    assert files.text().endswith(numbered(400_000)[-100_000:])


def test_output_can_be_dropped_on_a_full_disk(small: Colony) -> None:
    """The process ends, the status and then the file say how much there was."""
    files = Files(small)
    small.start()
    ballast = fill(small)
    flood(small, 150_000, full="drop")
    small.until_state("web", "EXITED")
    lines = numbered(150_000).count(b"\n")
    until(lambda: f"{lines} lines (" in output_of(small, "web"), "the status says how many")
    assert output_of(small, "web").startswith("output is dropped: No space left on device")
    ballast.unlink()
    size = len(numbered(150_000))
    files.has(b"ncolony: %d lines (%d bytes) were dropped\n" % (lines, size))
    small.until_state("web", "EXITED", output=None)


def test_a_directory_that_cannot_be_used_keeps_no_process_from_running(colony: Colony) -> None:
    """Here a link, which isn't followed. The status says why; later, what was said is there."""
    files = Files(colony)
    files.directory.parent.mkdir()
    files.directory.symlink_to(colony.config)
    colony.start()
    colony.shell("web", "echo one; exec sleep infinity", **to_files())
    colony.running("web")
    until(lambda: str(files.directory) in output_of(colony, "web"), "the status says so")
    files.directory.unlink()
    files.has(b"one\n")
    colony.until_state("web", "RUNNING", output=None)
    assert not (colony.config / "current").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_rights_keeps_no_process_from_running(colony: Colony) -> None:
    """As above, of rights, which are given later."""
    logs = colony.root / "logs"
    logs.mkdir(mode=0o500)
    colony.start()
    colony.shell("web", "echo one; exec sleep infinity", **to_files())
    colony.running("web")
    until(lambda: "Permission denied" in output_of(colony, "web"), "the status says so")
    logs.chmod(0o700)
    Files(colony).has(b"one\n")
