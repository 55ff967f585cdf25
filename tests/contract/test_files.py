"""Files, as ``isystem`` promises them."""

from __future__ import annotations

import errno

import pytest
from grounds import Both

from ncolony.testing_files import DIRECTORY, FIFO, SOCKET


def stamp(ground: Both, name: str = "web"):
    return ground.system.stamp(ground.directory, name)


def read(ground: Both, name: str = "web", max_bytes: int = 100) -> bytes:
    return ground.system.read(ground.directory, name, max_bytes)


def write(ground: Both, contents: bytes = b"new", name: str = "web") -> None:
    ground.system.write(ground.directory, name, contents)


def names(ground: Both, below: str = "") -> list[str]:
    return sorted(ground.system.names(ground.directory + below))


def tick(ground: Both) -> None:
    """Let file times move on."""
    fired: list[int] = []
    ground.system.call_later(0.02, fired.append, 1)
    ground.wait_until(lambda: bool(fired))


def test_a_directory_has_names(ground: Both) -> None:
    """Of everything in it, and of nothing below."""
    assert names(ground) == []
    ground.put("web", b"1")
    ground.put(".hidden", b"1")
    ground.make("folder", DIRECTORY)
    ground.put("folder/below", b"1")
    ground.link("nowhere", "gone")
    assert names(ground) == [".hidden", "folder", "nowhere", "web"]
    assert names(ground, "/folder") == ["below"]


def test_names_of_what_is_no_directory(ground: Both) -> None:
    """Missing, or a file: an OSError that says which."""
    ground.put("web", b"1")
    with pytest.raises(FileNotFoundError):
        names(ground, "/gone")
    with pytest.raises(NotADirectoryError):
        names(ground, "/web")


def test_a_stamp_stays_while_a_file_does(ground: Both) -> None:
    """And says when it changed."""
    before = ground.system.utc()
    ground.put("web", b"1")
    found = stamp(ground)
    assert (found.kind, found.elsewhere) == ("file", False)
    assert before - 1 < found.changed_ns / 1e9 < ground.system.utc() + 1
    tick(ground)
    assert read(ground) == b"1"
    assert stamp(ground) == found


@pytest.mark.parametrize("contents", [b"22", b"2", b""])
def test_a_stamp_changes_with_the_contents(ground: Both, contents: bytes) -> None:
    """Of another size or not, written in place."""
    ground.put("web", b"1")
    before = stamp(ground)
    tick(ground)
    ground.put("web", contents)
    after = stamp(ground)
    assert after.identity != before.identity
    assert after.changed_ns > before.changed_ns


def test_a_stamp_changes_with_the_file(ground: Both) -> None:
    """Another file of the same contents, at the same time, is another file."""
    ground.put("web", b"1")
    before = stamp(ground)
    ground.replace("web", b"1")
    assert stamp(ground).identity != before.identity


@pytest.mark.parametrize("kind", [DIRECTORY, FIFO, SOCKET])
def test_what_is_no_file_is_seen_and_not_opened(ground: Both, kind: str) -> None:
    """Its stamp says what it is; reading it fails at once, and never blocks."""
    ground.make("web", kind)
    assert stamp(ground).kind == kind
    with pytest.raises(OSError):
        read(ground)


def test_what_is_not_there(ground: Both) -> None:
    """Has no stamp and no contents."""
    for look in (stamp, read):
        with pytest.raises(FileNotFoundError):
            look(ground)


def test_links_are_followed_and_told_apart(ground: Both) -> None:
    """To a file beside them, or somewhere else."""
    ground.put("real", b"1")
    ground.make("folder", DIRECTORY)
    ground.put("folder/real", b"22")
    for target, elsewhere in [("real", False), ("./real", True), ("folder/real", True)]:
        ground.link("web", target)
        found = stamp(ground)
        assert found.kind == "file"
        assert found.elsewhere is elsewhere, target
        assert read(ground) == ground.contents(target)
        assert ground.system.link_target(ground.directory, "web") == target
    ground.link("web", f"{ground.directory}/real")
    assert (stamp(ground).kind, stamp(ground).elsewhere) == ("file", True)


def test_links_that_lead_nowhere(ground: Both) -> None:
    """Are no files, and can't be read; that goes for a circle as well."""
    for target, number in (("gone", errno.ENOENT), ("web", errno.ELOOP)):
        ground.link("web", target)
        assert stamp(ground).kind not in ("file", DIRECTORY)
        with pytest.raises(OSError) as caught:
            read(ground)
        assert caught.value.errno == number


def test_only_links_have_a_target(ground: Both) -> None:
    """None for a file, for what is missing, for a missing directory."""
    ground.put("web", b"1")
    for name in ("web", "gone", "gone/below"):
        assert ground.system.link_target(ground.directory, name) is None


def test_a_swapped_link_changes_the_stamps_behind_it(ground: Both) -> None:
    """As Kubernetes changes a ConfigMap: one rename, whatever the times."""
    for version in ("..1", "..2"):
        ground.make(version, DIRECTORY)
        ground.put(f"{version}/web", version.encode())
    ground.link("..data", "..1")
    ground.link("web", "..data/web")
    before = stamp(ground)
    assert (before.kind, before.elsewhere, read(ground)) == ("file", False, b"..1")
    ground.link("..data", "..2")
    assert stamp(ground).identity != before.identity
    assert (ground.system.link_target(ground.directory, "..data"), read(ground)) == ("..2", b"..2")


@pytest.mark.parametrize(("max_bytes", "found"), [(10, 10), (9, 10), (5, 6), (0, 1), (1000, 10)])
def test_a_read_has_a_limit(ground: Both, max_bytes: int, found: int) -> None:
    """One byte more than allowed shows that there is more."""
    ground.put("web", b"0123456789")
    assert read(ground, max_bytes=max_bytes) == b"0123456789"[:found]


def test_a_large_file_is_read_whole(ground: Both) -> None:
    """A MiB in one piece; an empty one is empty."""
    ground.put("web", b"x" * (1 << 20))
    ground.put("empty", b"")
    assert read(ground, max_bytes=1 << 20) == b"x" * (1 << 20)
    assert read(ground, "empty") == b""


def test_a_write_replaces_the_file(ground: Both) -> None:
    """By another one, and leaves nothing beside it."""
    write(ground, b"old")
    before = stamp(ground)
    write(ground, b"new")
    assert stamp(ground).identity != before.identity
    assert (names(ground), ground.contents("web")) == (["web"], b"new")


def test_a_write_replaces_a_link_and_spares_its_target(ground: Both) -> None:
    """Nobody writes through a symbolic link."""
    ground.put("precious", b"1")
    ground.link("web", "precious")
    write(ground)
    assert ground.system.link_target(ground.directory, "web") is None
    assert (ground.contents("precious"), ground.contents("web")) == (b"1", b"new")


def test_a_write_replaces_a_fifo(ground: Both) -> None:
    """Without opening it."""
    ground.make("web", FIFO)
    write(ground)
    assert ground.contents("web") == b"new"


def test_a_write_that_fails_changes_nothing(ground: Both) -> None:
    """Onto a directory, or into none: an OSError, and nothing beside."""
    ground.make("web", DIRECTORY)
    with pytest.raises(IsADirectoryError):
        write(ground)
    assert names(ground) == ["web"]
    with pytest.raises(FileNotFoundError):
        ground.system.write(f"{ground.directory}/gone", "web", b"")


@pytest.mark.parametrize("size", [1, 250, 251, 255])
def test_every_name_can_be_written(ground: Both, size: int) -> None:
    """Up to the length that file systems have."""
    write(ground, name="x" * size)
    assert names(ground) == ["x" * size]


def test_a_name_that_is_too_long_is_an_oserror(ground: Both) -> None:
    """Nothing is left of it."""
    with pytest.raises(OSError) as caught:
        write(ground, name="x" * 256)
    assert caught.value.errno == errno.ENAMETOOLONG
    assert names(ground) == []


def test_remove(ground: Both) -> None:
    """A file or a link, not its target; what is missing is no error, a directory is one."""
    ground.put("precious", b"1")
    ground.link("web", "precious")
    ground.system.remove(ground.directory, "web")
    ground.system.remove(ground.directory, "web")
    assert names(ground) == ["precious"]
    ground.make("folder", DIRECTORY)
    with pytest.raises(IsADirectoryError):
        ground.system.remove(ground.directory, "folder")


def test_move(ground: Both) -> None:
    """Replaces what is there, keeps the time; what is missing can't be moved."""
    ground.system.make_directory(f"{ground.directory}/to")
    ground.put("web", b"1")
    ground.put("to/web2", b"22")
    before = stamp(ground)
    tick(ground)
    ground.system.move(ground.directory, "web", f"{ground.directory}/to", "web2")
    assert (names(ground), names(ground, "/to")) == (["to"], ["web2"])
    assert ground.contents("to/web2") == b"1"
    after = ground.system.stamp(f"{ground.directory}/to", "web2")
    assert after.changed_ns == before.changed_ns
    with pytest.raises(FileNotFoundError):
        ground.system.move(ground.directory, "web", ground.directory, "web2")
    with pytest.raises(FileNotFoundError):
        ground.system.move(f"{ground.directory}/to", "web2", f"{ground.directory}/gone", "web")


def test_make_directory(ground: Both) -> None:
    """With those above it; one that is there stays; a file in its place is an OSError."""
    ground.system.make_directory(f"{ground.directory}/a/b")
    ground.put("a/b/web", b"1")
    ground.system.make_directory(f"{ground.directory}/a/b")
    assert names(ground, "/a/b") == ["web"]
    with pytest.raises(FileExistsError):
        ground.system.make_directory(f"{ground.directory}/a/b/web")
