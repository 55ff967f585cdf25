"""When a directory is looked at: real inotify, and a clock that a test moves."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ncolony import inotify, watcher
from ncolony.inotify import Inotify, Notice
from ncolony.names import is_process_name
from ncolony.watcher import FEW, Watcher
from reactors import Reactor, failures, logged, no_descriptor_free, nothing_left

EVERY_S = 10.0
WHOLE = None


class Watched:
    """A directory and the looks at it."""

    def __init__(
        self,
        reactor: Reactor,
        directory: Path,
        concerns: Callable[[str], bool] = is_process_name,
    ) -> None:
        self.reactor = reactor
        self.directory = directory
        self.looks: list[frozenset[str] | None] = []
        self.anew: list[bool] = []
        self.at_look: Callable[[], object] = lambda: None
        self.watcher = Watcher(reactor, str(directory), EVERY_S, concerns, self._look)

    def _look(self, names: frozenset[str] | None) -> None:
        self.looks.append(names)
        self.anew.append(self.watcher.anew)
        self.at_look()

    def start(self) -> Watched:
        """Begin, and pass over the first look."""
        self.watcher.start()
        return self.forget()

    def forget(self) -> Watched:
        self.looks.clear()
        self.anew.clear()
        return self

    def put(self, *names: str) -> None:
        for name in names:
            (self.directory / name).write_text("{}")

    @property
    def state(self) -> tuple[str, float | None, list[float]]:
        """How it is watched, by which period, and what timers are armed."""
        return self.watcher.how, self.watcher.every_s, self.reactor.delays_s


BY_NOTICE = ("inotify", None, [])
BY_CLOCK = ("poll", EVERY_S, [EVERY_S])
MISSING = ("missing", EVERY_S, [EVERY_S])


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """The tests' directory counts as local, wherever they run; a test may say otherwise."""
    answer = {"trusted": True}
    monkeypatch.setattr(watcher, "notices_can_be_trusted", lambda directory: answer["trusted"])
    return answer


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    directory = tmp_path / "colony" / "config"
    directory.mkdir(parents=True)
    with nothing_left() as reactor:
        watched = Watched(reactor, directory)
        yield watched
        watched.watcher.stop()


# Names


def test_the_first_look_is_at_everything(watched: Watched) -> None:
    """What was there before the monitor counts as much as what comes after."""
    watched.put("web")
    watched.watcher.start()
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [False], BY_NOTICE)
    watched.reactor.rest()
    assert watched.looks == [WHOLE]


def test_a_directory_at_rest_costs_nothing(watched: Watched) -> None:
    """No timer is armed, and time brings no look."""
    watched.start()
    watched.reactor.advance(1e6)
    assert (watched.looks, watched.state) == ([], BY_NOTICE)


def test_only_what_was_written_is_looked_at(watched: Watched) -> None:
    """A file that was written in place is looked at alone."""
    watched.put("web", "db")
    watched.start().put("web")
    watched.reactor.wait()
    assert (watched.looks, watched.anew) == ([frozenset({"web"})], [False])


def test_a_file_renamed_into_place_is_looked_at(watched: Watched) -> None:
    """A write aside causes no look, its rename does."""
    watched.start().put("web.new")
    watched.reactor.wait()
    assert watched.looks == []
    (watched.directory / "web.new").rename(watched.directory / "web")
    watched.reactor.wait()
    assert watched.looks == [frozenset({"web"})]


def test_a_look_can_be_asked_for(watched: Watched) -> None:
    """At everything, for what no notice is given of; it is watched on as before."""
    watched.put("web")
    watched.start().watcher.look_again()
    assert (watched.looks, watched.state) == ([WHOLE], BY_NOTICE)
    watched.forget().put("web")
    watched.reactor.wait()
    assert watched.looks == [frozenset({"web"})]
    watched.watcher.stop()
    watched.forget().watcher.look_again()
    assert (watched.looks, watched.reactor.delays_s) == ([], [])


def test_a_chmod_of_the_directory_itself_brings_a_look_at_all_of_it(watched: Watched) -> None:
    """Whether it may be read, or obeyed, is seen at once."""
    watched.start()
    watched.directory.chmod(0o700)
    watched.reactor.wait()
    assert watched.looks == [WHOLE]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.chmod(0),
        lambda path: path.rename(path.with_name("web.new")),
        lambda path: path.rename(path.parent.parent / "elsewhere"),
        lambda path: os.utime(path, (0, 0)),
    ],
)
def test_whatever_happens_to_a_file_brings_a_look(
    watched: Watched, change: Callable[[Path], object]
) -> None:
    """Also what leaves its contents as they are."""
    watched.put("web")
    watched.start()
    change(watched.directory / "web")
    watched.reactor.wait()
    assert watched.looks == [frozenset({"web"})]


def test_names_that_are_no_process_s_bring_no_look(watched: Watched) -> None:
    """Writes in progress, hidden files and editors' copies are passed over."""
    watched.start().put("web.new", ".web.swp", "web~", "#web#", ".x")
    watched.reactor.wait()
    assert watched.looks == []


def test_a_name_that_is_not_utf_8_comes_as_it_is_listed(tmp_path: Path) -> None:
    """A file's name is bytes; whether it matters is asked of the name as ``os.listdir`` has it."""
    name = os.fsdecode(b"w\xff")
    with nothing_left() as reactor:
        watched = Watched(reactor, tmp_path, lambda found: found == name).start()
        watched.put(name, "web")
        reactor.wait()
        assert watched.looks == [frozenset({name})]
        watched.watcher.stop()


@pytest.mark.parametrize("more", [0, 1])
def test_a_few_names_are_looked_at_alone_and_many_together(watched: Watched, more: int) -> None:
    """Beyond a few, a look at the whole directory is cheaper, and safe."""
    names = [f"p{number}" for number in range(FEW + more)]
    watched.start().put(*names)
    watched.reactor.wait()
    assert watched.looks == [WHOLE if more else frozenset(names)]


def test_a_swapped_link_brings_a_look_at_everything(watched: Watched) -> None:
    """A ConfigMap's ``..data`` stands for all files behind it."""
    for generation in ("..1", "..2"):
        (watched.directory / generation).mkdir()
    (watched.directory / "..data").symlink_to("..1")
    (watched.directory / "web").symlink_to("..data/web")
    watched.start()
    (watched.directory / "..data_tmp").symlink_to("..2")
    (watched.directory / "..data_tmp").rename(watched.directory / "..data")
    watched.reactor.wait()
    assert (watched.looks, watched.anew) == ([WHOLE], [False])


def test_a_queue_that_overflowed_brings_a_look_at_everything(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what the lost notices were about."""
    watched.start()
    lost = [Notice(-1, inotify.IN_Q_OVERFLOW, "")]
    monkeypatch.setattr(Inotify, "notices", lambda queue: lost)
    watched.watcher.catch_up()
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [False], BY_NOTICE)


def test_catching_up_looks_at_what_the_reactor_has_not_come_to(watched: Watched) -> None:
    """A look for a request's sake sees the file that came before it; it isn't seen twice."""
    watched.start().put("web")
    watched.watcher.catch_up()
    watched.reactor.rest()
    assert watched.looks == [frozenset({"web"})]


# The directory itself


def test_a_deleted_directory_is_looked_at_and_waited_for(watched: Watched) -> None:
    """Its end is seen at once; when it is back, the next notice says so, not the clock."""
    watched.put("web")
    watched.start()
    shutil.rmtree(watched.directory)
    watched.reactor.wait()
    assert watched.looks[-1] is WHOLE
    assert (watched.anew[-1], watched.state) == (True, MISSING)
    watched.forget().directory.mkdir()
    watched.reactor.wait()
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [True], BY_NOTICE)
    watched.forget().put("web")
    watched.reactor.wait()
    assert watched.looks == [frozenset({"web"})]


def test_a_directory_moved_away_is_not_followed(watched: Watched, tmp_path: Path) -> None:
    """The path is what is watched, not what used to be there."""
    watched.start().directory.rename(tmp_path / "away")
    watched.reactor.wait()
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [True], MISSING)
    watched.forget()
    (tmp_path / "away" / "web").touch()
    assert not watched.reactor.turn()
    (tmp_path / "away").rename(watched.directory)
    watched.reactor.wait()
    assert (watched.looks, watched.state) == ([WHOLE], BY_NOTICE)


def test_a_directory_replaced_by_another_is_watched_anew(watched: Watched, tmp_path: Path) -> None:
    """Also where both moves happened before anybody looked."""
    (tmp_path / "next").mkdir()
    watched.start().directory.rename(tmp_path / "last")
    (tmp_path / "next").rename(watched.directory)
    watched.reactor.wait()
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [True], BY_NOTICE)
    watched.forget().put("web")
    watched.reactor.wait()
    assert watched.looks == [frozenset({"web"})]


def test_a_parent_moved_away_takes_the_directory_with_it(watched: Watched, tmp_path: Path) -> None:
    """The path leads nowhere then, until a parent of that name is back."""
    watched.start().directory.parent.rename(tmp_path / "away")
    watched.reactor.wait()
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [True], MISSING)
    watched.forget().directory.parent.mkdir()
    watched.reactor.wait()
    assert watched.state == MISSING
    watched.forget().directory.mkdir()
    watched.reactor.wait()
    assert (watched.looks, watched.state) == ([WHOLE], BY_NOTICE)


def test_a_directory_missing_at_the_start_is_seen_when_it_appears(tmp_path: Path) -> None:
    """However deep it lies, and without waiting for the clock."""
    with nothing_left() as reactor:
        watched = Watched(reactor, tmp_path / "a" / "b" / "config")
        watched.watcher.start()
        assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [False], MISSING)
        watched.directory.mkdir(parents=True)
        reactor.wait()
        watched.put("web")
        reactor.wait()
        assert (watched.looks[-1], watched.state) == (frozenset({"web"}), BY_NOTICE)
        watched.watcher.stop()


def test_what_came_with_the_directory_is_in_the_first_look_at_it(watched: Watched) -> None:
    """A file written before the new watch was there is not lost."""
    watched.start()
    shutil.rmtree(watched.directory)
    watched.reactor.wait()
    seen: list[list[str]] = []
    watched.at_look = lambda: seen.append(os.listdir(watched.directory))
    watched.directory.mkdir()
    watched.put("web")
    watched.reactor.wait()
    assert seen[0] == ["web"]


def test_a_file_in_the_directory_s_place_is_no_directory(watched: Watched) -> None:
    """It counts as missing, and the directory that comes after it is seen."""
    watched.start().directory.rmdir()
    watched.directory.write_text("")
    watched.reactor.wait()
    assert (watched.looks[-1], watched.state) == (WHOLE, MISSING)
    watched.directory.unlink()
    watched.directory.mkdir()
    watched.reactor.wait()
    assert watched.state == BY_NOTICE


# The clock


def test_where_notices_cannot_be_trusted_a_clock_looks(
    watched: Watched, trusted: dict[str, bool]
) -> None:
    """Everything is looked at each period, and sooner where there is a notice after all."""
    trusted["trusted"] = False
    watched.start()
    assert watched.state == BY_CLOCK
    for _ in range(3):
        watched.reactor.advance(EVERY_S)
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE] * 3, [False] * 3, BY_CLOCK)
    watched.forget().put("web")
    watched.reactor.wait()
    assert (watched.looks, watched.anew) == ([frozenset({"web"})], [False])


def test_a_directory_that_can_be_trusted_again_needs_no_clock(
    watched: Watched, trusted: dict[str, bool]
) -> None:
    """A link in its path that was pointed elsewhere, a file system that was unmounted."""
    trusted["trusted"] = False
    watched.start()
    trusted["trusted"] = True
    watched.reactor.advance(EVERY_S)
    assert (watched.looks, watched.anew, watched.state) == ([WHOLE], [False], BY_NOTICE)


def test_a_link_pointed_elsewhere_is_followed_by_the_clock(
    watched: Watched, trusted: dict[str, bool], tmp_path: Path
) -> None:
    """From then on notices come from where it leads."""
    (tmp_path / "next").mkdir()
    link = tmp_path / "current"
    link.symlink_to(watched.directory)
    trusted["trusted"] = False
    linked = Watched(watched.reactor, link).start()
    link.unlink()
    link.symlink_to(tmp_path / "next")
    watched.reactor.advance(EVERY_S)
    linked.forget()
    (tmp_path / "next" / "web").touch()
    watched.reactor.wait()
    assert (linked.looks, linked.state) == ([frozenset({"web"})], BY_CLOCK)
    linked.watcher.stop()


def test_without_inotify_a_clock_looks(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until there is one."""

    def none() -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    with monkeypatch.context() as patch:
        patch.setattr(watcher, "Inotify", none)
        watched.watcher.start()
        assert (watched.looks, watched.state) == ([WHOLE], BY_CLOCK)
        watched.watcher.catch_up()
        watched.reactor.advance(EVERY_S)
        assert (watched.looks, watched.state) == ([WHOLE] * 2, BY_CLOCK)
    watched.reactor.advance(EVERY_S)
    assert (watched.looks, watched.state) == ([WHOLE] * 3, BY_NOTICE)


def test_without_a_descriptor_a_clock_looks(watched: Watched) -> None:
    """A full table blinds nobody for longer than a period."""
    with no_descriptor_free():
        watched.start()
        assert watched.state == BY_CLOCK
    watched.reactor.advance(EVERY_S)
    assert (watched.looks, watched.state) == ([WHOLE], BY_NOTICE)


def test_too_many_watches_lead_to_a_clock(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ENOSPC, max_user_watches, is no reason to look no more."""
    with monkeypatch.context() as patch:
        patch.setattr(Inotify, "watch", too_many)
        watched.start()
        assert watched.state == BY_CLOCK
    watched.reactor.advance(EVERY_S)
    assert watched.state == BY_NOTICE


def too_many(queue: Inotify, path: str, mask: int) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_parent_that_cannot_be_watched_leads_to_a_clock(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its being moved away would go unnoticed."""
    watch = Inotify.watch

    def only_itself(queue: Inotify, path: str, mask: int) -> int:
        if path != str(watched.directory):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return watch(queue, path, mask)

    monkeypatch.setattr(Inotify, "watch", only_itself)
    watched.start()
    assert watched.state == BY_CLOCK


def test_a_look_may_ask_for_the_clock_and_do_without_again(watched: Watched) -> None:
    """A file that leads elsewhere needs one for as long as it is there."""
    watched.start()
    watched.at_look = lambda: setattr(watched.watcher, "needs_clock", True)
    watched.put("web")
    watched.reactor.wait()
    assert watched.state == BY_CLOCK
    watched.reactor.advance(EVERY_S / 2)
    watched.watcher.settle()
    assert watched.reactor.delays_s == [EVERY_S / 2]
    watched.reactor.advance(EVERY_S / 2)
    assert (watched.looks, watched.state) == ([frozenset({"web"}), WHOLE], BY_CLOCK)
    watched.at_look = lambda: setattr(watched.watcher, "needs_clock", False)
    watched.reactor.advance(EVERY_S)
    assert (watched.looks[2:], watched.state) == ([WHOLE], BY_NOTICE)


def test_a_look_that_fails_does_not_stop_the_clock(
    watched: Watched, trusted: dict[str, bool]
) -> None:
    """The next one may do better."""
    trusted["trusted"] = False
    watched.start()

    def fail() -> None:
        raise RuntimeError("no luck")

    watched.at_look = fail
    with logged() as events:
        watched.reactor.advance(EVERY_S)
        watched.reactor.advance(EVERY_S)
    assert (watched.looks, watched.state) == ([WHOLE] * 2, BY_CLOCK)
    assert failures(events) == ["no luck"] * 2


# The end


@pytest.mark.parametrize("trust", [True, False])
def test_a_stopped_watcher_leaves_nothing(
    watched: Watched, trusted: dict[str, bool], trust: bool
) -> None:
    """No timer, no reader, no look any more; the fixture sees to the descriptors."""
    trusted["trusted"] = trust
    watched.start().watcher.stop()
    watched.put("web")
    watched.watcher.catch_up()
    watched.watcher.settle()
    watched.reactor.advance(EVERY_S)
    assert (watched.looks, watched.reactor.readers, watched.reactor.delays_s) == ([], set(), [])


def test_notices_that_come_after_the_end_are_nothing(watched: Watched) -> None:
    """The reactor may hold a descriptor that was ready a moment ago."""
    (ready,) = watched.start().reactor.readers
    watched.watcher.stop()
    ready.doRead()
    assert watched.looks == []


def test_a_look_may_stop_the_watcher(watched: Watched) -> None:
    """Nothing is armed after that."""
    watched.start()
    watched.watcher.needs_clock = True
    watched.at_look = watched.watcher.stop
    watched.put("web")
    watched.reactor.wait()
    assert (watched.reactor.readers, watched.reactor.delays_s) == (set(), [])
