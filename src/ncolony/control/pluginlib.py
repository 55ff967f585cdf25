"""What ``ncolony.ctllib`` has for the plugins, and for the jobs of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .places import AnyPlaces, colony_of

if TYPE_CHECKING:
    from ..scheduler.jobfile import JobStatus


def add_plugins(
    places: AnyPlaces,
    plugins: Iterable[str] | None = None,
    *,
    trust: Iterable[str] = (),
    replace: bool = False,
    wait_s: float | None = None,
) -> None:
    """Add the plugins' processes: "beatcheck", "httpcheck" and "scheduler", or some of them.

    The directories of jobs and of heartbeats are made where they aren't there. A process whose
    file says the same already is left alone. Raises CtlError, and writes nothing, where one has
    another file, unless with ``replace``. ``trust`` are users, and groups with a colon before
    them, whose files a scheduler of root's obeys. Waits until all of them run and have begun.
    """
    from . import plugins as adding

    adding.add(colony_of(places), plugins, trust, replace=replace, wait_s=wait_s)


def job_add(
    places: AnyPlaces,
    name: str,
    args: Sequence[str],
    *,
    every: float | str | None = None,
    cron: str | None = None,
    timezone: str | None = None,
    timeout: float | str | None = None,
    grace: float | str | None = None,
    overlap: str | None = None,
    jitter: float | str | None = None,
    at_start: bool | None = None,
    catch_up: bool | None = None,
    env: Iterable[str] | Mapping[str, str] | None = None,
    env_inherit: Sequence[str] | None = None,
    uid: int | str | None = None,
    gid: int | str | None = None,
    extras: Mapping[str, Any] | None = None,
    wait_s: float | None = None,
) -> None:
    """Add a job, or give one that is there another file. On disk when it returns.

    ``args`` is the command line, the program included. One of ``every`` and ``cron`` says when it
    runs, or ``extras``, whose keys win. ``every``, ``timeout``, ``grace`` and ``jitter`` are
    seconds, or text like "10m"; what is None is left to the scheduler. Waits until the scheduler
    uses the file. RefusedError says what it would refuse; unknown keys are refused as well.
    """
    from .jobs import files

    files.add(
        colony_of(places),
        name,
        args,
        env,
        extras,
        wait_s,
        uid=uid,
        gid=gid,
        env_inherit=None if env_inherit is None else list(env_inherit),
        schedule=files.schedule(every, cron, timezone),
        timeout=timeout,
        grace=grace,
        overlap=overlap,
        jitter=jitter,
        at_start=at_start,
        catch_up=catch_up,
    )


def job_remove(places: AnyPlaces, name: str, *, wait_s: float | None = None) -> None:
    """Remove a job: a run of it is stopped. Waits until nothing of it is left.

    Raises CtlError where no job has this name.
    """
    from .jobs import files

    files.remove(colony_of(places), name, wait_s)


def job_run(places: AnyPlaces, name: str, *, wait_s: float | None = None) -> None:
    """Ask for a run of a job now. Waits until that is over; CtlError says why it failed.

    Raises CtlError, too, where no job has this name. Without ``wait_s``, a scheduler that doesn't
    run yet takes the request up when it does.
    """
    from .jobs import running

    running.run(colony_of(places), name, wait_s)


def jobs(places: AnyPlaces, names: Iterable[str] | None = None) -> dict[str, JobStatus]:
    """What is known about the named jobs, or about all that there are files of, by name.

    The state is "unknown" where no scheduler has said anything that can be read. Where it hasn't
    read the newest file, the reason says so, and ``schedule`` and ``refused`` are what that asks
    for and why it will be refused. Named jobs that are nowhere to be found are left out.
    """
    from .jobs import observed, where

    colony = colony_of(places)
    return observed.records(colony, where.names(colony) if names is None else names)


def scheduler_is_running(places: AnyPlaces) -> bool:
    """Whether a scheduler of the colony's jobs lives now."""
    from .jobs import observed

    return observed.scheduler_is_running(colony_of(places))
