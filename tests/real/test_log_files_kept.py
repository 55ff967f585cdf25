"""Log files through deaths, kills of the monitor, and floods: what was written is kept."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

from colony import Colony, alive, children_of, proc_state, until, until_none
from test_log_files import Files, contents, to_files

#: Counts, lines of a hundred bytes in blocks of a hundred lines, for as long as it lives.
_COUNT = """
import os
n = 0
while True:
    text = b"".join(b"%099d\\n" % i for i in range(n, n + 100))
    n += 100
    while text:
        text = text[os.write(1, text):]
"""


def _uncompressed(files: Files) -> int:
    names = [path.name for path in files.directory.iterdir()]
    return sum(name != "current" and not name.endswith(".gz") for name in names)


def test_deaths_and_starts_lose_and_tear_nothing(colony: Colony) -> None:
    """Each run is killed by its own hand in the middle of a line; all of them are there."""
    colony.start("--minrestartdelay", "0", "--maxrestartdelay", "0.01")
    colony.shell("web", "seq 1 500; printf unfinished; kill -KILL $$", **to_files())
    files = Files(colony)
    run = b"".join(b"%d\n" % i for i in range(1, 501)) + b"unfinished\n"
    until(lambda: len(files.text()) >= 5 * len(run), "five runs")
    colony.ask("STOP", "web")
    colony.until_state("web", "STOPPED")
    text = files.text()
    count = text.count(b"unfinished\n")
    rest = text[count * len(run) :]
    assert text[: count * len(run)] == run * count
    assert rest == b"" or run.startswith(rest[:-1])


def test_what_is_written_between_term_and_exit_is_in_the_files(colony: Colony) -> None:
    """Also when the monitor itself is on its way out."""
    colony.start("--killtime", "60")
    script = "trap 'seq 1 5000; printf bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    colony.shell("web", f"exec 2>&-; {script}", **to_files(max_size=8192))
    files = Files(colony)
    files.has(b"up\n")
    assert colony.stop() == 0
    said = b"up\n" + b"".join(b"%d\n" % i for i in range(1, 5001)) + b"bye\n"
    assert b"".join(files.texts()) == said
    assert max(map(len, files.texts())) <= 8192


def test_a_monitor_that_is_killed_leaves_whole_files(colony: Colony) -> None:
    """At any instant, thrice: lines are whole, once and in order up to the kill, and nothing
    that was half compressed stays."""
    log = to_files(max_size=100_000, keep=100_000, compress="gzip")
    colony.python("web", _COUNT, **log)
    files = Files(colony)
    for kill, more in enumerate((3, 10, 30, 3)):
        begun = len(files.rotated())
        colony.start("--killtime", "1")
        until(lambda n=begun + more: len(files.rotated()) >= n, "files are rotated")
        if kill < 3:
            colony.stop(signal.SIGKILL)
    colony.remove("web")
    colony.gone("web")
    until_none(lambda: _uncompressed(files), "all is compressed")
    runs = re.split(rb"(?m)^0{99}\n", b"".join(files.texts()))
    assert len(runs) == 5
    for run in runs[1:]:
        *lines, last, _ = run.split(b"\n")
        assert lines == [b"%099d" % i for i in range(1, len(lines) + 1)]
        assert (b"%099d" % (len(lines) + 1)).startswith(last)


def test_a_compressor_has_the_lowest_priority_and_a_life_of_its_own(colony: Colony) -> None:
    """The end of the process whose log it is doesn't concern it, and it is no zombie later."""
    programs = colony.root / "programs"
    programs.mkdir()
    go = colony.root / "go"
    script = f"#!/bin/sh\nuntil [ -e {go} ]; do /bin/sleep 0.02; done\nexec /bin/gzip -c\n"
    (programs / "gzip").write_text(script)
    (programs / "gzip").chmod(0o755)
    colony.start("--killtime", "1", env={"PATH": f"{programs}:{os.environ['PATH']}"})
    colony.shell("web", "echo one; exec sleep infinity", **to_files(compress="gzip"))
    files = Files(colony)
    files.has(b"one\n")
    colony.ask("ROTATE", "web")
    compressor = until(lambda: _compressor(colony), "it is being compressed")
    web = colony.running("web")
    until(lambda: os.getpriority(os.PRIO_PROCESS, compressor) == 19, "its priority is low")
    colony.ask("RESTART", "web")
    colony.running("web", other_than=web)
    colony.remove("web")
    colony.gone("web")
    assert alive(compressor)
    go.touch()
    until_none(lambda: _uncompressed(files), "it is compressed")
    assert [contents(path) for path in files.rotated()] == [b"one\n"]
    until(lambda: proc_state(compressor) == "", "it is buried")


def _compressor(colony: Colony) -> int:
    for pid, _ in children_of(colony.pid):
        with contextlib.suppress(OSError):
            if b"/programs/gzip" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return 0


def test_a_flood_to_files_slows_itself_alone(colony: Colony) -> None:
    """Beside one that writes all it can, through many rotations, another one restarts."""
    colony.start("--killtime", "1")
    colony.shell("flood", "exec yes flood", **to_files(max_size="1M", keep=2))
    colony.configure("web")
    pid = colony.running("web")
    for _ in range(5):
        colony.ask("RESTART", "web")
        pid = colony.running("web", other_than=pid)
    files = Files(colony, "flood")
    until(lambda: len(files.rotated()) == 2, "two are kept")
    colony.remove("flood")
    colony.gone("flood")
    lines = b"".join(files.texts()).split(b"\n")
    assert {line for line in lines if line not in (b"flood", b"")} <= {
        b"flood"[:n] for n in range(5)
    }
    assert all(len(text) <= 1 << 20 and text.endswith(b"\n") for text in files.texts() if text)
