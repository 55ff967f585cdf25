"""How fast a child's output passes through the supervisor's log, and whether all of it does."""

import time
from pathlib import Path

from life import Failed, Life
from records import TooLate, mono_ns

LINE_BYTES = 100
FILLING = bytes(ord("A") + at % 26 for at in range(10, LINE_BYTES - 1))


def line(number: int) -> bytes:
    """The line of that number, as child.c writes it."""
    return b"%09d %b\n" % (number, FILLING)


def throughput(life: Life, lines: int) -> float:
    """MB/s of a child's lines, from its start to the last line in the log; the log is then read
    back, and Failed raised unless it has each line whole, once, in order, under its name."""
    life.launch()
    deadline_ns = life.deadline_ns()
    log = life.supervisor.output
    try:
        began_ns = life.records.wait_for("s0", 1, 0, deadline_ns).began_ns
    except TooLate as late:
        raise Failed(str(late)) from late
    last = b"s0: " + line(lines - 1)
    while last not in _end_of(log, 8192):
        if mono_ns() > deadline_ns:
            raise Failed(f"the last line is not in the log; it has {log.stat().st_size} bytes")
        time.sleep(0.002)
    seconds = (mono_ns() - began_ns) / 1e9
    if reason := fault_in(log, b"s0: ", lines):
        raise Failed(reason)
    return lines * LINE_BYTES / seconds / 1e6


def _end_of(path: Path, size: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read()


def fault_in(log: Path, prefix: bytes, lines: int) -> str | None:
    """What is wrong with the prefixed lines of a log, or None: all are there, once, in order."""
    number = 0
    with open(log, "rb") as file:
        for text in file:
            if not text.startswith(prefix):
                continue
            if text != prefix + line(number):
                return f"line {number} awaited, found in the log: {text[:60]!r}"
            number += 1
    return None if number == lines else f"{number} of {lines} lines are in the log"
