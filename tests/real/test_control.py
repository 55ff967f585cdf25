"""The control program with a real monitor: what a user does, and what they see."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

from colony import DEADLINE_S, LAUNCHES, Colony, until

#: Writes so many numbered lines, some of them long, as fast as it can; then it waits.
WRITE_LINES = """
import sys, time
for i in range({count}):
    sys.stdout.write("%d %s\\n" % (i, "x" * (i * 7919 % 300)))
sys.stdout.flush()
time.sleep(1000)
"""


def command(colony: Colony, *words: str) -> list[str]:
    name, *others = words
    return [LAUNCHES["run"][0], name, "--colony", str(colony.root), *others]


def ncolony(colony: Colony, *words: str) -> tuple[int, str, str]:
    """The exit code of ``ncolony WORDS``, its output and its errors."""
    done = subprocess.run(
        command(colony, *words), capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_disabled_is_down_whatever_becomes_of_the_monitor(colony: Colony) -> None:
    """Down when the command returns, down under the next monitor, and up when it is enabled."""
    colony.start()
    colony.configure("web")
    colony.running("web")
    assert ncolony(colony, "disable", "web", "--wait") == (0, "", "")
    assert colony.of("web")["state"] == "STOPPED"  # type: ignore[index]
    assert ncolony(colony, "status", "--quiet")[0] == 0
    assert colony.stop() == 0
    colony.start()
    colony.until_state("web", "STOPPED", want="DOWN")
    assert ncolony(colony, "start", "web", "--wait") == (0, "", "")
    assert ncolony(colony, "disable", "web", "--wait") == (0, "", "")
    assert colony.of("web")["state"] == "STOPPED"  # type: ignore[index]
    assert ncolony(colony, "enable", "web", "--wait") == (0, "", "")
    assert colony.of("web")["state"] == "RUNNING"  # type: ignore[index]
    assert json.loads((colony.config / "web").read_bytes())["test.mark"] == colony.mark


def test_a_job_that_is_done_is_done(colony: Colony) -> None:
    """For every command that waits, and for the exit code of the status; one that failed isn't."""
    colony.start()
    add = ["--restart", "never", "--wait", "--", "sh", "-c"]
    assert ncolony(colony, "add", "job", *add, "exit 0") == (0, "", "")
    colony.until_state("job", "EXITED")
    for verb in ("start", "restart"):
        assert ncolony(colony, verb, "job", "--wait") == (0, "", "")
    colony.until_state("job", "EXITED", starts=3)
    assert ncolony(colony, "status", "--quiet")[0] == 0
    assert ncolony(colony, "wait", "job", "--for", "stopped") == (0, "", "")
    code, _, err = ncolony(colony, "wait", "job")
    assert code == 1
    assert err.startswith("ncolony: cannot wait for job: job: it is EXITED: exited with code 0")
    ncolony(colony, "add", "job", *add, "exit 3")
    colony.until_state("job", "EXITED", success=False)
    assert ncolony(colony, "status", "--quiet")[0] == 1


def test_what_is_refused_again_is_told_at_once(colony: Colony) -> None:
    """Waiting for what was refused before, with the same words, is not waited for in vain."""
    colony.start()
    colony.write("web", b'{"args": ["sleep", "9"], "enabled": 1}')
    colony.until_state("web", "FAILED")
    refused = colony.of("web")["refused_fingerprint"]  # type: ignore[index]
    assert refused is not None
    code, _, err = ncolony(colony, "start", "web", "--wait", "20")
    assert (code, "enabled: found the number 1" in err) == (1, True)


def test_following_misses_nothing_across_rotations(colony: Colony, tmp_path: Path) -> None:
    """Every line once and in order, though files are rotated and compressed all the while."""
    count = 20_000
    log = {"to": "files", "max_size": 65536, "keep": 1000, "compress": "gzip"}
    colony.start()
    shown = tmp_path / "shown"
    colony.configure("web")
    with shown.open("wb") as out:
        words = command(colony, "logs", "web", "--follow", "--lines", "all")
        following = subprocess.Popen(words, stdout=out, stderr=subprocess.PIPE)
    try:
        colony.python("web", WRITE_LINES.format(count=count), log=log)
        until(lambda: shown.read_bytes().count(b"\n") >= count, "all lines are shown")
        following.send_signal(signal.SIGINT)
        _, err = following.communicate(timeout=DEADLINE_S)
    finally:
        following.kill()
        following.wait()
    assert (following.returncode, err) == (130, b"")
    expected = [b"%d %s" % (i, b"x" * (i * 7919 % 300)) for i in range(count)]
    assert shown.read_bytes().splitlines() == expected
    assert len(os.listdir(colony.root / "logs" / "web")) > 20
    code, out_all, _ = ncolony(colony, "logs", "web", "-n", "all")
    assert (code, out_all.encode().splitlines() == expected) == (0, True)


def test_rotating_and_reading_what_was_rotated(colony: Colony) -> None:
    """A new file when the command returns; the lines before it are read on."""
    colony.start("--log", "files")
    colony.shell("web", "echo first; exec sleep 1000")
    colony.shell("raw", "echo hello; exec sleep 1000", log="none")
    until(lambda: ncolony(colony, "logs", "web")[:2] == (0, "first\n"), "its line is shown")
    assert ncolony(colony, "rotate", "web", "--wait") == (0, "", "")
    files = sorted(os.listdir(colony.root / "logs" / "web"))
    assert len([file for file in files if file.endswith(".log")]) == 1
    assert ncolony(colony, "logs", "web") == (0, "first\n", "")
    code, _, err = ncolony(colony, "rotate", "raw", "--wait")
    assert (code, err.startswith("ncolony: cannot rotate raw: the monitor rejected it: ")) == (
        1,
        True,
    )
    assert ncolony(colony, "rotate", "--wait")[0] == 0


def test_the_monitors_own_log_is_read_where_it_is_a_file(colony: Colony) -> None:
    """With and without times, by names and for all; where it is none, that is said."""
    colony.start()
    colony.shell("web", "echo one; echo two >&2; exec sleep 1000")
    colony.shell("db", "echo db; exec sleep 1000", log={"to": "monitor", "time": True})
    until(lambda: ncolony(colony, "logs", "web")[:2] == (0, "one\ntwo\n"), "its lines are shown")
    until(lambda: ncolony(colony, "logs", "db")[1].endswith("Z db\n"), "its line is shown")
    code, out, err = ncolony(colony, "logs", "web", "db", "-n", "1")
    timed, plain = sorted(out.splitlines())
    assert (code, err, plain) == (0, "", "web: two")
    assert timed.startswith("db: 2")
    assert colony.stop() == 0
    colony.start(stdout=subprocess.DEVNULL)
    colony.running("web")
    colony.running("db")
    code, out, err = ncolony(colony, "logs")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "cannot show the logs of db, web: the output goes to the monitor's, which is not" in err
