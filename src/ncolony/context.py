"""What a process may do and where it runs: all that has to be set between fork and exec."""

from __future__ import annotations

from typing import Any, NamedTuple

from .faults import shown
from .values import Wrong, size

#: Resource limits by name, getrlimit(2). RLIMIT_LOCKS is not among them: it carries the mark by
#: which the monitor knows its processes (ADR 12).
LIMITS = (
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
)

#: A limit: soft and hard, None where there is none.
Limit = tuple[int | None, int | None]


class ExecContext(NamedTuple):
    """Users and groups by number or name. None everywhere: as the monitor has it.

    ``supplementary_groups`` are the listed ones, or, where that is None, those of the user.
    ``limits`` are of ``LIMITS``, in ascending order of names. ``umask`` is 0 to 0o777, ``nice``
    -20 to 19, ``oom_score_adj`` -1000 to 1000 (proc_pid_oom_score_adj(5)).
    """

    uid: int | str | None = None
    gid: int | str | None = None
    supplementary_groups: tuple[int | str, ...] | None = None
    cwd: str | None = None
    umask: int | None = None
    limits: tuple[tuple[str, Limit], ...] = ()
    nice: int | None = None
    oom_score_adj: int | None = None
    no_new_privs: bool = False


PLAIN = ExecContext()


def limits(value: Any) -> tuple[tuple[str, Limit], ...]:
    """The resource limits that a file asks for."""
    if not isinstance(value, dict):
        raise Wrong(shown(value))
    for name in value:
        if name not in LIMITS:
            raise Wrong(f"the limit {shown(name).removeprefix('the string ')}")
    return tuple([(name, _limit(value[name], f".{name}")) for name in sorted(value)])


def _limit(value: Any, where: str) -> Limit:
    if not isinstance(value, list):
        both = _bound(value, where)
        return both, both
    if len(value) != 2:
        raise Wrong(f"a list of {len(value)}", where)
    soft, hard = _bound(value[0], f"{where}[0]"), _bound(value[1], f"{where}[1]")
    if hard is not None and (soft is None or soft > hard):
        raise Wrong("a soft limit above the hard one", where)
    return soft, hard


def _bound(value: Any, where: str) -> int | None:
    return None if value == "unlimited" else size(value, where)


def umask(value: Any) -> int:
    """A file mode creation mask as a string of octal digits: ``"027"``."""
    if not isinstance(value, str) or not 1 <= len(value) <= 4 or set(value) - set("01234567"):
        raise Wrong(shown(value))
    mask = int(value, 8)
    if mask > 0o777:
        raise Wrong(shown(value))
    return mask
