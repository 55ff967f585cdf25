"""When a job is due: every so often, or as a cron expression says. Pure arithmetic.

Of daylight saving, with hours named (``30 2 * * *``, ``0 */4 * * *``): each time of the day comes
once. One that the clock leaps over in spring is due at the leap; one that it shows twice in autumn
is due the first time. With every hour (``*/10 * * * *``) it is due whenever the clock shows it,
which leaves the distances in real time as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

#: With all of them, an expression names no hour.
_ALL_HOURS = frozenset(range(24))
#: No clock leaps further: a day was left out on islands that changed sides of the date line.
_DAY_S = 86400


class Every(NamedTuple):
    """Due each ``period_s``; ``text`` is how the file says that."""

    period_s: float
    text: str

    def __str__(self) -> str:
        return f"every {self.text}"


class Cron(NamedTuple):
    """Due when a clock in ``zone`` shows what ``expression`` says; None: the machine's own zone."""

    expression: str
    zone: str | None = None

    def __str__(self) -> str:
        return self.expression if self.zone is None else f"{self.expression} {self.zone}"


Schedule = Every | Cron


def cron_fault(expression: str) -> str | None:
    """Why this is no cron expression that is ever due; None where it is one."""
    from cronsim import CronSim, CronSimError  # 5 ms, and not all have such jobs

    try:
        next(CronSim(expression, datetime(2000, 1, 1)))  # noqa: DTZ001 - any will do
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return "no date fits"
    except (ValueError, IndexError, OverflowError):
        return "not understood"
    return None


def zone_of(name: str | None) -> tzinfo:
    """The time zone of a name of IANA's, or the machine's own. Raises ValueError."""
    from zoneinfo import ZoneInfo

    if name in ("UTC", "Etc/UTC"):
        return UTC
    if name is None:
        return _own_zone()
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:
        raise ValueError(f"no time zone {name}") from error


def _own_zone() -> tzinfo:
    """As cron(8) has it: of ``TZ``, or of /etc/localtime, tzset(3)."""
    import os
    from zoneinfo import ZoneInfo

    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with open("/etc/localtime", "rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError, LookupError):
        return UTC


def next_due(cron: Cron, after_utc: float, zone: tzinfo) -> float | None:
    """The first time after ``after_utc``, in seconds since 1970; None where there is none."""
    from cronsim import CronSim

    after = datetime.fromtimestamp(after_utc, zone)
    fields = cron.expression.split()
    # Six fields, the first of them seconds, keep cronsim from rules of its own about leaps.
    six = cron.expression if len(fields) == 6 else f"0 {cron.expression}"
    times = CronSim(six, after)
    if times.hours != _ALL_HOURS:
        times = CronSim(six, after.replace(tzinfo=None))
    for time in times:
        due_utc = _instant(time.replace(tzinfo=zone) if time.tzinfo is None else time)
        if due_utc > after_utc:
            return due_utc
    return None


def _instant(local: datetime) -> float:
    """When a clock first shows a time of the day, or leaps over it."""
    seconds = local.timestamp()
    shown = datetime.fromtimestamp(seconds, local.tzinfo)
    if shown.replace(tzinfo=None) == local.replace(tzinfo=None):
        return seconds
    return _leap(seconds, shown)


def _leap(seconds: float, shown: datetime) -> float:
    """The leap before ``seconds``: the last instant whose predecessor has another offset."""
    offset = shown.utcoffset()
    low, high = int(seconds) - _DAY_S, int(seconds)
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, shown.tzinfo).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return float(high)
