"""One shell, in which the commands of a page are run in order, and compared with what it shows."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from colony import DEADLINE_S, POLL_S, Colony, alive, until
from ports import free_ports

from pages import Block
from transcripts import Step, difference, is_transcript, steps

#: The one command that isn't run: what it would install is what is tested. ``ls`` is as on a
#: terminal, in columns.
STAND_INS = """\
pip() { case "$*" in "install ncolony" | "install .") ;; *) command pip "$@" ;; esac; }
ls() { command ls -C -T 0 "$@"; }
"""
#: Commands that only look. A reader takes a second to type the next one, in which things come
#: right; here a look is repeated instead, until it shows what the page does.
LOOK = re.compile(r"(ncolony (status|logs|check)|ls|grep|field|curl|cat(?! *>))\b")
#: What a page calls its own, and a test must not: the directory it begins in.
HOME = "/home/me"
_PORT = re.compile(r"\b8\d{3}\b")


class Shell:
    """A shell in ``folder``, for which some words of a page stand for others here.

    ``stand_for`` has these by the page's. ``may_fail`` matches the commands that may end with 1:
    all others have to end with 0, unless the page shows an error of ``ncolony``.
    """

    def __init__(self, folder: Path, stand_for: Mapping[str, str], may_fail: str = r"(?!)") -> None:
        self._stand_for = {HOME: str(folder), **stand_for}
        self._may_fail = re.compile(may_fail)
        self._files = folder / ".steps"
        self._files.mkdir()
        self._number = 0
        self._is_late = False
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env={
                "HOME": str(folder),
                "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "COLUMNS": "80",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.run(STAND_INS) == (0, "")

    def run(self, command: str) -> tuple[int, str]:
        """The exit code of a command, and all that it said, in the words of the page."""
        self._number += 1
        script = self._files / str(self._number)
        said = self._files / f"{self._number}.said"
        script.write_text(_replaced(command, self._stand_for) + "\n")
        assert self._shell.stdin is not None
        self._shell.stdin.write(f". {script} >{said} 2>&1 </dev/null; echo $?\n".encode())
        self._shell.stdin.flush()
        code = self._line(command)
        back = {here: word for word, here in self._stand_for.items()}
        return int(code), _replaced(said.read_text(errors="replace"), back)

    def _line(self, command: str) -> str:
        """The next line of the shell itself; commands write elsewhere."""
        assert self._shell.stdout is not None
        ready, _, _ = select.select([self._shell.stdout], [], [], DEADLINE_S)
        self._is_late = not ready
        assert ready, f"not within {DEADLINE_S} s: the end of {command!r}"
        line = self._shell.stdout.readline().decode()
        assert line, f"{command!r} has ended the shell"
        return line

    def carry_out(self, page: str, step: Step, deadline_s: float = DEADLINE_S) -> None:
        """Run a step. Raises AssertionError where it isn't as the page has it."""
        end = time.monotonic() + deadline_s
        while True:
            fault = self._fault(step)
            if not fault:
                return
            is_over = time.monotonic() > end or not LOOK.match(step.command)
            assert not is_over, f"{page}, line {step.line}: {step.command}\n{fault}"
            time.sleep(POLL_S * 10)

    def _fault(self, step: Step) -> str:
        code, said = self.run(step.command)
        fails = any(line.startswith("ncolony: ") for line in step.shown)
        allowed = range(1, 128) if fails else (0, 1) if self._may_fail.match(step.command) else (0,)
        if code not in allowed:
            return f"exit code {code}; {said}"
        return difference(step.shown, said)

    def close(self) -> None:
        """Let the shell end; one that is still busy was to be done by now."""
        if self._is_late:
            self._shell.kill()
        with self._shell:
            """It ends with its input."""


@contextlib.contextmanager
def shell(folder: Path, stand_for: Mapping[str, str], may_fail: str = r"(?!)") -> Iterator[Shell]:
    """A shell, at whose end all that was started in it is ended, and monitors leave nothing."""
    found = Shell(folder, stand_for, may_fail)
    try:
        yield found
    finally:
        found.close()
        told: set[int] = set()

        def all_end() -> bool:
            """Who has been started meanwhile is told to end as well."""
            left = set(_started_in(folder))
            for pid in left - told:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            told.update(left)
            return not left

        until(all_end, "monitors and jobs end")
    colonies = [Colony(lock.parents[1]) for lock in folder.rglob("status/.lock")]
    assert [pid for colony in colonies for pid in colony.marked()] == []


def _started_in(folder: Path) -> list[int]:
    """Processes whose environment is that of the shell, such as monitors."""
    home = f"HOME={folder}".encode()
    found = []
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if home in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                found.append(int(entry))
    return [pid for pid in found if alive(pid)]


def run_page(
    page: str,
    blocks: Iterable[Block],
    folder: Path,
    stand_for: Mapping[str, str] | None = None,
    may_fail: str = r"(?!)",
) -> int:
    """Run every transcript of a page in one shell; how many commands that were.

    Raises AssertionError where one isn't as the page has it. Ports are free ones of this machine.
    """
    found = [step for block in blocks if is_transcript(block) for step in steps(block)]
    ports = sorted({port for step in found for port in _PORT.findall(step.command)})
    with free_ports(len(ports)) as free:
        stand_ins = dict(zip(ports, map(str, free), strict=True))
        with shell(folder, {**stand_ins, **(stand_for or {})}, may_fail) as running:
            for step in found:
                running.carry_out(page, step)
    return len(found)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    """A text with words in the place of others, longest first; none inside a longer word."""
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _, word=word: words[word], text)
    return text
