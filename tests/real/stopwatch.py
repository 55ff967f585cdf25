"""How long something took on a machine that may have much else to do."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path


class Stopwatch:
    """Runs from the beginning on."""

    def __init__(self) -> None:
        self._begun_mono = time.monotonic()
        self._busy_before_s = _busy_s()

    @property
    def took_s(self) -> float:
        return time.monotonic() - self._begun_mono

    @property
    def needed_s(self) -> float:
        """Without the time in which this machine had more to do than it can."""
        return self.took_s - (_busy_s() - self._busy_before_s)


def _busy_s() -> float:
    """How long this machine's processors have not been enough, or not been its own.

    That is since its boot: while somebody waited for one, which the kernel counts (PSI), or while
    the host had taken one away, proc_stat(5).
    """
    waited_s = 0.0
    with contextlib.suppress(OSError):  # a kernel without PSI
        some = Path("/proc/pressure/cpu").read_text().splitlines()[0]
        waited_s = int(some.rpartition("total=")[2]) / 1e6
    stolen = int(Path("/proc/stat").read_text().split()[8])
    return waited_s + stolen / os.sysconf("SC_CLK_TCK")
