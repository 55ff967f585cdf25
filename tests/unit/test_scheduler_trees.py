"""Who belongs to a run where nobody is marked: its group, and what hangs below its process."""

from __future__ import annotations

import signal

import pytest
from processes import OWN, World

from ncolony.marks import Marks
from ncolony.trees import Trees


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def trees(world: World) -> Trees:
    return Trees(Marks(None), mono=lambda: 0.0)


def test_nobody_is_marked() -> None:
    """Neither who is started nor who is found."""
    assert Marks(None).of_name("job") is None
    assert Marks(None).of_pid(1) is None


def test_an_orphan_of_unknown_origin_belongs_to_no_run(world: World, trees: Trees) -> None:
    """Having no mark isn't having the same one."""
    job = world.start(OWN)
    trees.started("job", job.pid)
    stranger = world.start(OWN)
    assert trees.members("job", job.pid) == [job.pid]
    world.processes.pop(job.pid)
    trees.reaped([job.pid])
    assert not trees.lives("job", job.pid)
    assert trees.members("job", job.pid) == []
    assert trees.strangers() == [stranger.pid]


def test_who_is_in_the_group_belongs_to_the_run(world: World, trees: Trees) -> None:
    """Also when the process has ended."""
    job = world.start(OWN)
    trees.started("job", job.pid)
    child = world.fork(job)
    world.processes.pop(job.pid)
    child.parent = OWN
    trees.reaped([job.pid])
    assert trees.lives("job", job.pid)
    trees.signal("job", job.pid, signal.SIGTERM, again=False)
    assert child.signals == [signal.SIGTERM]
    world.processes.pop(child.pid)
    trees.reaped([child.pid])
    assert not trees.lives("job", job.pid)


def test_who_is_below_the_process_belongs_to_the_run(world: World, trees: Trees) -> None:
    """In whatever session, while the process is there."""
    job = world.start(OWN)
    trees.started("job", job.pid)
    away = world.fork(job, session=True)
    assert set(trees.members("job", job.pid)) == {job.pid, away.pid}
