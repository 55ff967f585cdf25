"""What an earlier monitor that was killed left running, as ``isystem`` promises to find it."""

from __future__ import annotations

from grounds import Both


def test_where_nothing_was_left_nothing_is_found(ground: Both) -> None:
    """Of names that there may be, and of a pid that is another process's by now."""
    pid = ground.start("stays")
    ground.signal(pid, "KILL")
    ground.wait_until_gone(pid)
    assert ground.system.leftovers({"web"}, {}) == {}
    assert ground.system.leftovers({"web"}, {"web": (pid, 1)}) == {}
    assert ground.system.leftovers((), {}) == {}


def test_what_was_left_is_found_by_its_mark(ground: Both) -> None:
    """Whatever was reported of it."""
    pid = ground.leave("web")
    assert ground.system.leftovers({"web", "db"}, {}) == {"web": pid}
    assert ground.lives(pid)
    assert ground.survivors(pid) == {pid}


def test_what_was_left_is_found_by_what_was_reported(ground: Both) -> None:
    """If it is the process that was started then; and it is known by that from now on."""
    pid = ground.leave("web", marked=False)
    started = ground.ticks(pid)
    reported = {"web": (pid, started + 1), "db": (1, started)}
    assert ground.system.leftovers({"web"}, reported) == {}
    assert ground.system.started_ticks(pid) is None
    assert ground.system.leftovers((), {"web": (pid, started)}) == {"web": pid}
    assert ground.lives(pid)
    assert ground.system.started_ticks(pid) == started


def test_what_nobody_expects_any_more_is_found_with_the_others(ground: Both) -> None:
    """Its file may have gone meanwhile; where the mark is another colony's, it isn't ours."""
    pid = ground.leave("web")
    ground.leave("db", marked=False)
    assert ground.system.leftovers({"other"}, {}) == {"web": pid}


def test_without_names_nothing_is_searched(ground: Both) -> None:
    """What was reported is all that can be known."""
    pid = ground.leave("web")
    assert ground.system.leftovers((), {}) == {}
    started = ground.ticks(pid)
    assert ground.system.leftovers((), {"web": (pid, started)}) == {"web": pid}


def test_all_of_what_was_left_is_ended(ground: Both) -> None:
    """Its group and its daemons; what those start meanwhile lives until it gets a signal, too."""
    pid = ground.leave("web")
    member, daemon = ground.fork(pid), ground.daemonize(pid)
    assert ground.system.leftovers({"web"}, {}) == {"web": min(pid, member, daemon)}
    assert ground.survivors(pid) == {pid, member, daemon}
    ground.signal(pid, "TERM")
    ground.wait_until_heard("TERM", pid, member, daemon)
    late = ground.daemonize(daemon)
    ground.signal(pid, "KILL")
    ground.wait_until(lambda: not any(map(ground.is_living, (pid, member, daemon))))
    assert ground.lives(pid)
    ground.signal(pid, "KILL")
    ground.wait_until_gone(pid)
    assert not ground.is_living(late)
    assert list(ground.system.deaths()) == []  # they are none of ours to be told of


def test_what_was_left_lives_until_the_last_of_it_has_ended(ground: Both) -> None:
    """Whoever of it ends first."""
    pid = ground.leave("web")
    daemon = ground.daemonize(pid)
    ground.system.leftovers({"web"}, {})
    ground.end(pid)
    assert ground.lives(pid)
    assert ground.survivors(pid) == {daemon}
    ground.end(daemon)
    ground.wait_until_gone(pid)


def test_what_was_left_and_started_another_since_the_search_lives(ground: Both) -> None:
    """Who has the mark is looked for once more before it counts as gone."""
    pid = ground.leave("web")
    ground.system.leftovers({"web"}, {})
    late = ground.daemonize(pid)
    ground.end(pid)
    assert ground.lives(pid)
    assert ground.survivors(pid) == {late}
    ground.signal(pid, "KILL")
    ground.wait_until_gone(pid)
    assert not ground.is_living(late)


def test_the_next_run_of_the_name_is_ours(ground: Both) -> None:
    """What was left is gone, and counts no longer."""
    left = ground.leave("hears")
    ground.system.leftovers({"hears"}, {})
    ground.signal(left, "KILL")
    ground.wait_until_gone(left)
    pid = ground.start("hears")
    daemon = ground.daemonize(pid)
    assert ground.survivors(pid) == {pid, daemon}
    ground.signal(pid, "KILL")
    assert len(ground.wait_until_gone(pid)) == 2


def test_an_earlier_monitors_processes_are_no_orphans_of_ours(ground: Both) -> None:
    """They have been handed to somebody else."""
    ground.leave("web")
    assert ground.system.strangers() == []
    assert list(ground.system.deaths()) == []
