"""Ten thousand processes, once: pytest -m slow tests/chaos/test_ten_thousand.py"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from colony import Colony, a_colony, children_of, command_line_of, proc_status, until

NUMBER = int(os.environ.get("CHAOS_PROCESSES", "10000"))
PATIENCE_S = 300


def _memory_kb(pid: int) -> int:
    return int(proc_status(pid)["VmRSS"].split()[0])


def _count(colony: Colony, state: str) -> int:
    now = colony.monitor_status()
    return 0 if now is None else now["counts"].get(state, 0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All start; one restarts and one changes as among few; all are gone at the end."""
    figures: dict[str, float] = {}
    with a_colony(tmp_path) as colony:
        document = {"args": ["/bin/sleep", "infinity"], "test.mark": colony.mark}
        contents = json.dumps(document).encode()
        names = [f"p{i:05}" for i in range(NUMBER)]
        for name in names:
            (colony.config / name).write_bytes(contents)
        begin = time.monotonic()
        colony.start("--killtime", "30", wait=False)
        until(lambda: _count(colony, "RUNNING") == NUMBER, "all run", PATIENCE_S)
        figures["all started, s"] = time.monotonic() - begin
        until(lambda: len(os.listdir(colony.status)) >= NUMBER, "all have a status", PATIENCE_S)
        assert len(children_of(colony.pid)) == NUMBER
        figures["the monitor's memory, MB"] = _memory_kb(colony.pid) / 1024

        one = names[NUMBER // 2]
        pid = colony.running(one)
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        pid = colony.running(one, other_than=pid)
        figures["one killed, to its new status, ms"] = (time.monotonic() - begin) * 1000

        begin = time.monotonic()
        colony.configure(one, "/bin/sleep", "1000000")
        pid = colony.running(one, other_than=pid)
        figures["one changed, to its new status, ms"] = (time.monotonic() - begin) * 1000
        assert command_line_of(pid) == [b"/bin/sleep", b"1000000"]
        until(lambda: _count(colony, "RUNNING") == NUMBER, "all run again")

        begin = time.monotonic()
        assert colony.monitor is not None
        colony.monitor.send_signal(signal.SIGTERM)
        assert colony.monitor.wait(PATIENCE_S) == 0
        figures["all stopped, s"] = time.monotonic() - begin
        assert colony.mine() == {}
    with capsys.disabled():
        print(f"\n{NUMBER} processes")
        for name, value in figures.items():
            print(f"  {name:36} {value:10.2f}")
