"""When a job is due: periods, cron expressions, and clocks that change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ncolony.scheduler.schedule import Cron, Every, cron_fault, next_due, zone_of
from schedulers import seconds, zone

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def local_times(expression: str, name: str, after: str, count: int) -> list[str]:
    """The next times of an expression as its zone's clock shows them, with their offsets."""
    found, last = [], seconds(after)
    for _ in range(count):
        due = next_due(Cron(expression, name), last, zone(name))
        assert due is not None
        assert due > last
        last = due
        found.append(datetime.fromtimestamp(due, zone(name)).strftime("%d %H:%M%z"))
    return found


def test_a_time_is_the_next_one_and_never_now() -> None:
    """Who was due at a time is next due after it."""
    assert next_due(Cron("*/5 * * * *"), seconds("2026-06-01T12:00:00"), UTC) == seconds(
        "2026-06-01T12:05:00"
    )
    assert next_due(Cron("*/5 * * * *"), seconds("2026-06-01T12:04:59"), UTC) == seconds(
        "2026-06-01T12:05:00"
    )


def test_six_fields_begin_with_seconds() -> None:
    """Finer than cron: ten seconds apart."""
    after = seconds("2026-06-01T12:00:05")
    assert next_due(Cron("*/10 * * * * *"), after, UTC) == after + 5


@pytest.mark.parametrize(
    ("expression", "name", "after", "expected"),
    [
        # Leapt over in spring: at the leap, once.
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", ["29 03:00+0200", "30 02:30+0200"]),
        ("30 2 * * *", NEW_YORK, "2026-03-07T12:00", ["08 03:00-0400", "09 02:30-0400"]),
        ("15 2 * * *", LORD_HOWE, "2026-10-03T00:00", ["04 02:30+1100", "05 02:15+1100"]),
        ("0,30 2 * * *", BERLIN, "2026-03-29T00:00", ["29 03:00+0200", "30 02:00+0200"]),
        ("*/30 2 * * *", BERLIN, "2026-03-29T00:00", ["29 03:00+0200", "30 02:00+0200"]),
        ("0 */2 * * *", BERLIN, "2026-03-28T23:30", ["29 03:00+0200", "29 04:00+0200"]),
        ("0 2,3 * * *", BERLIN, "2026-03-29T00:00", ["29 03:00+0200", "30 02:00+0200"]),
        # Shown twice in autumn: the first time.
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", ["25 02:30+0200", "26 02:30+0100"]),
        ("30 1 * * *", NEW_YORK, "2026-10-31T12:00", ["01 01:30-0400", "02 01:30-0500"]),
        ("45 1 * * *", LORD_HOWE, "2026-04-04T00:00", ["05 01:45+1100", "06 01:45+1030"]),
        ("0 */2 * * *", BERLIN, "2026-10-24T23:30", ["25 02:00+0200", "25 04:00+0100"]),
        # From in between: it has been due.
        ("30 2 * * *", BERLIN, "2026-10-25T01:10", ["26 02:30+0100"]),
    ],
)
def test_a_time_of_the_day_comes_once(
    expression: str, name: str, after: str, expected: list[str]
) -> None:
    """With hours named, none is lost where the clock leaps, and none comes twice."""
    assert local_times(expression, name, after, len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "name", "after", "expected"),
    [
        (
            "30 * * * *",
            BERLIN,
            "2026-03-28T23:45",
            ["29 01:30+0100", "29 03:30+0200", "29 04:30+0200"],
        ),
        (
            "30 * * * *",
            BERLIN,
            "2026-10-24T23:45",
            ["25 02:30+0200", "25 02:30+0100", "25 03:30+0100"],
        ),
        (
            "*/20 * * * *",
            LORD_HOWE,
            "2026-04-04T14:35",
            ["05 01:40+1100", "05 01:40+1030", "05 02:00+1030"],
        ),
        ("*/20 * * * *", LORD_HOWE, "2026-10-03T15:00", ["04 01:40+1030", "04 02:40+1100"]),
    ],
)
def test_every_hour_is_each_time_that_the_clock_shows_it(
    expression: str, name: str, after: str, expected: list[str]
) -> None:
    """With every hour, the distances in real time stay as they are."""
    assert local_times(expression, name, after, len(expected)) == expected


def test_a_day_that_is_left_out_is_made_up_for_at_its_end() -> None:
    """Samoa had no 30 December 2011."""
    assert local_times("0 12 * * *", "Pacific/Apia", "2011-12-29T23:00", 3) == [
        "31 00:00+1400",
        "31 12:00+1400",
        "01 12:00+1400",
    ]


@pytest.mark.parametrize(
    "expression",
    ["", "x", "* * * *", "60 * * * *", "* * * * * * *", "0 0 31 2 *", "0 0 * * 1#6", "*/0 * * * *"],
)
def test_what_is_no_expression_says_why(expression: str) -> None:
    """Also what no date fits."""
    assert cron_fault(expression)


@pytest.mark.parametrize("expression", ["* * * * *", "0 0 L * *", "0 3 * * MON-FRI", "0 0 29 2 *"])
def test_what_is_an_expression_has_no_fault(expression: str) -> None:
    """Names, the last day of a month, a day that comes each four years."""
    assert cron_fault(expression) is None


@pytest.fixture
def own_zone() -> Iterator[None]:
    """Restores the machine's own time zone."""
    before = os.environ.get("TZ")
    yield
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("own_zone")
def test_the_machine_s_own_zone_is_that_of_tz() -> None:
    """Where none is named, as cron has it; what TZ says that isn't there is UTC."""
    os.environ["TZ"] = "Europe/Berlin"
    assert str(zone_of(None)) == "Europe/Berlin"
    os.environ["TZ"] = "No/Where"
    assert zone_of(None) is UTC


@pytest.mark.usefixtures("own_zone")
def test_without_tz_it_is_the_machine_s_file() -> None:
    """/etc/localtime, or UTC where there is none."""
    os.environ.pop("TZ", None)
    found = zone_of(None)
    assert (found is UTC) == (not Path("/etc/localtime").exists())


@pytest.mark.parametrize("name", ["No/Where", "../etc/passwd", "", "/etc/localtime"])
def test_a_zone_that_isn_t_known_is_refused(name: str) -> None:
    """A name is no path."""
    with pytest.raises(ValueError, match="no time zone"):
        zone_of(name)


def test_schedules_read_as_they_are_written() -> None:
    """For people."""
    assert str(Every(600.0, "10m")) == "every 10m"
    assert str(Cron("0 3 * * *")) == "0 3 * * *"
    assert str(Cron("0 3 * * *", BERLIN)) == "0 3 * * * Europe/Berlin"
