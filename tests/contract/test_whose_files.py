"""Whom files belong to, as ``isystem`` promises to look at it.

What takes a chown, which only root can do here, is in ``tests/unit`` and ``tests/real``.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ncolony.disk import Disk
from ncolony.isystem import Untrusted
from ncolony.testing_files import SimulatedFiles
from ncolony.trust import Trust


class Simulated:
    """Files in memory."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.system = self._files = SimulatedFiles(lambda: 1.8e9)
        self._files.make_directory(top)
        self._files.obey_only(Trust(frozenset({0})))

    def folder(self, name: str, mode: int = 0o755) -> None:
        self.system.make_directory(f"{self.top}/{name}")
        self.chmod(name, mode)

    def put(self, name: str, mode: int = 0o644) -> None:
        self._files.put(f"{self.top}/{name}", b"1")
        self.chmod(name, mode)

    def link(self, name: str, target: str) -> None:
        self._files.link(f"{self.top}/{name}", target)

    def rename(self, name: str, to: str) -> None:
        self._files.rename(f"{self.top}/{name}", f"{self.top}/{to}")

    def chmod(self, name: str, mode: int) -> None:
        self._files.own(f"{self.top}/{name}", mode=mode)


class Real:
    """This machine's, which belong to whoever runs the tests."""

    def __init__(self, top: str) -> None:
        self.top = os.path.realpath(top)
        self.system = Disk(Trust(frozenset({0, os.geteuid()})))
        os.mkdir(self.top, 0o755)

    def folder(self, name: str, mode: int = 0o755) -> None:
        self.system.make_directory(f"{self.top}/{name}")
        self.chmod(name, mode)

    def put(self, name: str, mode: int = 0o644) -> None:
        Path(self.top, name).write_bytes(b"1")
        self.chmod(name, mode)

    def link(self, name: str, target: str) -> None:
        os.symlink(target, f"{self.top}/{name}")

    def rename(self, name: str, to: str) -> None:
        os.rename(f"{self.top}/{name}", f"{self.top}/{to}")

    def chmod(self, name: str, mode: int) -> None:
        os.chmod(f"{self.top}/{name}", mode)


Ground = Simulated | Real


@pytest.fixture(params=[Simulated, pytest.param(Real, marks=pytest.mark.real)])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    """Files with a directory ``c``, which all should be well with."""
    made: Ground = request.param(str(tmp_path / "top"))
    made.folder("c")
    try:
        made.system.check_directory(f"{made.top}/c")
    except Untrusted as error:
        pytest.skip(f"the tests' own directory: {error.strerror}")
    return made


def read(ground: Ground, name: str = "web") -> bytes:
    found: bytes = ground.system.read(f"{ground.top}/c", name, 100)
    return found


def check(ground: Ground, name: str = "c") -> str | None:
    """What is said of a directory."""
    try:
        ground.system.check_directory(f"{ground.top}/{name}")
    except Untrusted as error:
        return error.strerror
    return None


def refusal(ground: Ground, name: str = "web") -> str:
    """What is said instead of reading a file."""
    with pytest.raises(Untrusted) as raised:
        read(ground, name)
    said = raised.value.strerror
    assert said is not None
    assert raised.value.errno == errno.EPERM
    return said


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o400, 0o755, 0o4755])
def test_a_file_that_nobody_else_may_write_is_read(ground: Ground, mode: int) -> None:
    """Whoever may read or run it."""
    ground.put("c/web", mode)
    assert read(ground) == b"1"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (0o666, "others may write to it (-rw-rw-rw-); chmod go-w"),
        (0o602, "others may write to it (-rw-----w-); chmod go-w"),
    ],
)
def test_a_file_that_others_may_write_is_not_read(ground: Ground, mode: int, said: str) -> None:
    """The reason says how that can be seen, and mended; then it is read."""
    ground.put("c/web", mode)
    assert refusal(ground) == said
    ground.chmod("c/web", 0o644)
    assert read(ground) == b"1"


def test_a_file_that_a_group_may_write_is_not_read(ground: Ground) -> None:
    """Whatever group it is, also root's: an ordinary user may be a member of it."""
    ground.put("c/web", 0o664)
    assert "may write to it (-rw-rw-r--); chmod g-w, or --trust :" in refusal(ground)


def test_a_stamp_changes_with_the_mode(ground: Ground) -> None:
    """Even if a file's times have no finer grain than that."""
    ground.put("c/web")
    before = ground.system.stamp(f"{ground.top}/c", "web")
    ground.chmod("c/web", 0o664)
    after = ground.system.stamp(f"{ground.top}/c", "web")
    assert after.identity != before.identity
    assert after.changed_ns == before.changed_ns


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775, 0o2775])
def test_a_directory_that_others_may_write_to(ground: Ground, mode: int) -> None:
    """Is not fit to be looked at, sticky or not: anybody could put a link there."""
    ground.chmod("c", mode)
    said = check(ground)
    assert said is not None
    assert said.startswith(("others", "group"))
    ground.chmod("c", 0o755)
    assert check(ground) is None


def test_a_folder_on_the_way_that_others_may_write_to(ground: Ground) -> None:
    """They could put another directory there; the reason names it."""
    ground.folder("a", 0o777)
    ground.folder("a/b")
    ground.folder("a/b/c")
    said = f"{ground.top}/a: others may write to it (drwxrwxrwx); chmod go-w"
    assert check(ground, "a/b/c") == said
    ground.chmod("a", 0o1777)
    assert check(ground, "a/b/c") is None


def test_a_directory_that_passed_is_checked_again_when_it_is_another_one(ground: Ground) -> None:
    """A folder above it was opened since, and somebody made use of that."""
    ground.folder("a")
    ground.folder("a/c")
    ground.folder("a/other")
    assert check(ground, "a/c") is None
    ground.chmod("a", 0o777)
    ground.rename("a/c", "a/away")
    ground.rename("a/other", "a/c")
    assert (check(ground, "a/c") or "").startswith(f"{ground.top}/a: others may write")


def test_a_directory_by_a_link(ground: Ground) -> None:
    """Both ways are checked: that to the link, and that to where it leads."""
    ground.folder("a")
    ground.folder("a/c")
    ground.folder("b")
    ground.link("b/c", "../a/c")
    assert check(ground, "b/c") is None
    for name in ("a", "b", "a/c"):
        ground.chmod(name, 0o777)
        ground.link(f"c/{name.replace('/', '')}", f"{ground.top}/b/c")  # a name never seen before
        said = check(ground, f"c/{name.replace('/', '')}") or ""
        assert said.startswith(f"{ground.top}/{name}: others may write"), said
        ground.chmod(name, 0o755)


def test_files_that_are_links(ground: Ground) -> None:
    """The way to the target counts, and the target."""
    ground.folder("a")
    ground.put("a/real")
    ground.put("c/beside")
    ground.link("c/one", "beside")
    ground.link("c/two", "../a/real")
    ground.link("c/three", f"{ground.top}/a/./../a/real")
    ground.link("c/four", "three")
    for name in ("one", "two", "three", "four"):
        assert read(ground, name) == b"1"
    ground.chmod("a", 0o777)
    assert read(ground, "one") == b"1"
    for name in ("two", "three", "four"):
        assert refusal(ground, name).startswith(f"{ground.top}/a: others may write to it")
    ground.chmod("a", 0o755)
    ground.chmod("a/real", 0o666)
    for name in ("two", "three", "four"):
        assert refusal(ground, name) == "others may write to it (-rw-rw-rw-); chmod go-w"


def test_a_file_in_a_sticky_directory(ground: Ground) -> None:
    """What lies in /tmp is as good as it is itself."""
    ground.folder("tmp", 0o1777)
    ground.put("tmp/real")
    ground.link("c/web", "../tmp/real")
    assert read(ground) == b"1"
    ground.chmod("tmp/real", 0o646)
    assert refusal(ground).startswith("others may write")


def test_a_mounted_config_map(ground: Ground) -> None:
    """Links that stay within: ``web -> ..data/web``, ``..data -> ..1``; what they pass counts."""
    ground.folder("c/..1")
    ground.put("c/..1/web")
    ground.link("c/..data", "..1")
    ground.link("c/web", "..data/web")
    assert read(ground) == b"1"
    ground.chmod("c/..1", 0o777)
    assert refusal(ground).startswith(f"{ground.top}/c/..1: others may write to it")


def test_links_that_lead_nowhere(ground: Ground) -> None:
    """Fail as they do where nobody asks whom they belong to."""
    ground.link("c/gone", "nothing")
    ground.link("c/circle", "circle")
    ground.put("c/file")
    ground.link("c/below", "file/below")
    for name, number in (
        ("gone", errno.ENOENT),
        ("circle", errno.ELOOP),
        ("missing", errno.ENOENT),
        ("below", errno.ENOTDIR),
    ):
        with pytest.raises(OSError) as raised:
            read(ground, name)
        assert raised.value.errno == number
    with pytest.raises(FileNotFoundError):
        ground.system.check_directory(f"{ground.top}/gone")


def test_a_link_to_what_is_no_file(ground: Ground) -> None:
    """A directory isn't read, nor is a FIFO waited for."""
    ground.link("c/web", ".")
    with pytest.raises(OSError):
        read(ground)
