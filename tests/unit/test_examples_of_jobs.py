"""Tables of jobs in the documentation: what the command would print of such jobs.

They tell of runs of months, so no test can bring them about.
"""

from __future__ import annotations

import re

import pytest

from examples import of
from ncolony.control.jobs import table
from ncolony.scheduler.jobfile import JobStatus
from ncolony.status import utc_text
from pages import Block
from transcripts import steps

NOW = 1.8e9
_UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def seconds(text: str) -> float | None:
    """A duration of the table; None for none."""
    parts = re.findall(r"([\d.]+)([dhms])", text)
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts) if parts else None


def job(line: str) -> JobStatus:
    """The job that a line of the table is of."""
    name, schedule, *cells, result = re.split(r" {2,}", line)
    last, took, following, runs, failures = cells
    begun, due = seconds(last), seconds(following)
    return JobStatus(
        name,
        "waiting",
        "due",
        "" if schedule == "-" else schedule,
        last_start=None if begun is None else utc_text(NOW - begun),
        last_duration=seconds(took),
        last_result=None if result in ("-", "refused") else result,
        next=None if due is None else utc_text(NOW + due),
        runs=int(runs),
        failures=int(failures),
        refused="why" if result == "refused" else None,
    )


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=f"{page}:{block.line}") for page, block in of("jobs")]
)
def test_it_is_what_the_command_prints(block: Block) -> None:
    """To the blank; what is refused is said below."""
    (step,) = steps(block)
    shown = [line for line in step.shown if len(re.split(r" {2,}", line)) == len(table.HEADER)]
    assert list(table.lines(map(job, shown[1:]), NOW, None)) == shown
    refused = [line.split()[0] for line in shown if line.endswith("refused")]
    said = [line.split()[0] for line in step.shown if " is refused: cannot use " in line]
    assert said == refused
