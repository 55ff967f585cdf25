"""Whatever is put into its directories: the monitor lives, others are left alone, work goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from colony import DEADLINE_S, LAUNCHES, Colony, a_colony, alive, place, proc_state, until

#: The process that nothing here concerns, and the one that each row may spoil.
HEALTHY, BAD = "healthy", "bad"
#: Without these, file permissions mean something even to root.
_CAPABILITIES = "-dac_override,-dac_read_search"
_AS_ANYONE = (
    ["setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"]
    if os.geteuid() == 0 and shutil.which("setpriv")
    else []
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do that")

Spoil = Callable[[Colony], AbstractContextManager[None]]
_fresh = count()


class Row(NamedTuple):
    """A bad input: it lies there during the checks, and is taken away after."""

    name: str
    spoil: Spoil
    only_root: bool = False


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Colony]:
    """One monitor for the whole table, beside a process that is healthy all the time."""
    with a_colony(tmp_path_factory.mktemp("bad")) as colony:
        colony.configure(HEALTHY, group=["all"])
        colony.start_as(
            [
                *_AS_ANYONE,
                *LAUNCHES["run"],
                *("--colony", str(colony.root), "--frequency", "0.5", "--killtime", "1"),
            ]
        )
        yield colony


def assert_works(colony: Colony, healthy_pid: int) -> None:
    """The three checks that follow each bad input."""
    fresh = f"fresh{next(_fresh)}"
    colony.configure(fresh)
    colony.running(fresh)
    now = colony.of(HEALTHY)
    assert now is not None
    assert (now["state"], now["pid"]) == ("RUNNING", healthy_pid)
    assert alive(healthy_pid)
    assert colony.monitor_lives()
    colony.remove(fresh)


# Files


def refused(text: bytes, *found: str) -> Spoil:
    """A file that is refused: its process is FAILED, and both log and status say why."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        colony.write(BAD, text)
        now = colony.until_state(BAD, "FAILED")
        for part in (*found, f"/config/{BAD}"):
            assert part in now["refused"], now
        assert "\n" not in now["refused"]
        assert len(now["refused"]) < 2000
        assert (now["pid"], now["starts"], now["fingerprint"]) == (None, 0, None)
        yield
        colony.remove(BAD)
        colony.gone(BAD)

    return spoil


def wrong(key: str, value: Any, *found: str) -> Spoil:
    """One key with a wrong value, the rest is right."""
    document = {"args": ["sleep", "infinity"], key: value}
    return refused(json.dumps(document).encode(), key, "allowed", *found)


def backs_off(document: dict[str, Any], *found: str) -> Spoil:
    """A file that is right, and still nothing can be started from it."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        colony.configure(BAD, **document)
        now = colony.until_state(BAD, "BACKOFF")
        for part in found:
            assert part in now["reason"], now
        assert now["next_start"] is not None
        yield
        colony.remove(BAD)
        colony.gone(BAD)

    return spoil


def too_large_to_pass_on(text: bytes) -> Spoil:
    """A file that is right, and larger than what a kernel passes in one variable."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        colony.write(BAD, text)
        assert "too long" in colony.until_state(BAD, "BACKOFF")["reason"]
        yield
        colony.remove(BAD)
        colony.gone(BAD)

    return spoil


def starts(text: bytes, **values: Any) -> Spoil:
    """A file that looks odd, and is right."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        colony.write(BAD, text)
        colony.until_state(BAD, "RUNNING", **values)
        yield
        colony.remove(BAD)
        colony.gone(BAD)

    return spoil


def passed_over(name: str | bytes, make: Callable[[Path], object]) -> Spoil:
    """Something among the files that is no process, whatever is in it."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        path = colony.config / os.fsdecode(name)
        make(path)
        yield
        assert colony.of(os.fsdecode(name)) is None
        assert os.fsdecode(name) not in colony.mine().values()
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    return spoil


def replaced(make: Callable[[Path], object], *found: str) -> Spoil:
    """A running process's file becomes something else: it runs on, and says so."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        colony.configure(BAD)
        pid = colony.running(BAD)
        aside = colony.config / ".made"
        make(aside)
        aside.rename(colony.config / BAD)
        now = until(lambda: (now := colony.of(BAD)) and now["refused"] and now, f"{BAD} is refused")
        assert (now["state"], now["pid"]) == ("RUNNING", pid)
        for part in (*found, f"/config/{BAD}"):
            assert part in now["refused"]
        yield
        colony.configure(BAD)
        until(lambda: (now := colony.of(BAD)) and not now["refused"], f"{BAD} is as its file says")
        assert colony.running(BAD) == pid
        colony.remove(BAD)
        colony.gone(BAD)

    return spoil


def named(name: str | bytes) -> Spoil:
    """A process of an odd name runs like any other."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        text = os.fsdecode(name)
        colony.configure(text)
        pid = colony.running(text)
        until(lambda: colony.mine().get(pid) == text, "its environment says so")
        (colony.config / text).write_bytes(b"{")
        until(lambda: (now := colony.of(text)) and now["refused"], "it is refused")
        yield
        colony.remove(text)
        colony.gone(text)

    return spoil


def _good(path: Path) -> None:
    path.write_bytes(b'{"args": ["sleep", "infinity"]}')


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        here = os.getcwd()
        os.chdir(path.parent)  # an address holds 108 bytes
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def _device(path: Path) -> None:
    os.mknod(path, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero: endless


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _mutual(path: Path) -> None:
    other = path.with_name(".other")
    other.unlink(missing_ok=True)
    other.symlink_to(path.name)
    path.symlink_to(other.name)


def _link_to_fifo(path: Path) -> None:
    fifo = path.with_name(".fifo")
    if not fifo.exists():
        os.mkfifo(fifo)
    path.symlink_to(fifo.name)


def _link_to(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


@contextmanager
def unreadable(colony: Colony) -> Iterator[None]:
    """A file without permission to read."""
    if os.geteuid() == 0 and not _AS_ANYONE:
        pytest.skip("root reads everything")
    aside = colony.config / ".made"
    _good(aside)
    aside.chmod(0)
    aside.rename(colony.config / BAD)
    assert "Permission denied" in colony.until_state(BAD, "FAILED")["refused"]
    yield
    (colony.config / BAD).chmod(0o644)
    colony.running(BAD)
    colony.remove(BAD)
    colony.gone(BAD)


def _refused(colony: Colony) -> str:
    """Why a file is refused, for now; empty where it isn't."""
    return (colony.of(BAD) or {}).get("refused") or ""


@contextmanager
def growing(colony: Colony) -> Iterator[None]:
    """A file that grows beyond all bounds while it is looked at."""
    with open(colony.config / BAD, "wb") as file:
        for _ in range(64):
            file.write(b" " * (1 << 16))
            file.flush()
    until(lambda: "1048576" in _refused(colony), "all of it is too large")
    assert (colony.of(BAD) or {})["state"] == "FAILED"
    yield
    colony.remove(BAD)
    colony.gone(BAD)


@contextmanager
def vanishing(colony: Colony) -> Iterator[None]:
    """Files that vanish between being listed and being read."""
    for i in range(300):
        path = colony.config / f"gone{i}"
        path.write_bytes(b'{"args": ["sleep", "infinity"]}')
        path.unlink()
    yield
    until(lambda: not any(n.startswith("gone") for n in os.listdir(colony.status)), "none is left")


@contextmanager
def in_place(colony: Colony) -> Iterator[None]:
    """A file written in place, byte by byte: half of it is no fault that stays."""
    contents = colony.configure("other")
    colony.running("other")
    with open(colony.config / BAD, "wb", buffering=0) as file:
        file.writelines(contents[i : i + 1] for i in range(len(contents)))
    colony.running(BAD)
    yield
    for name in (BAD, "other"):
        colony.remove(name)
        colony.gone(name)


@contextmanager
def many_refused(colony: Colony) -> Iterator[None]:
    """A thousand files that are refused."""
    names = [f"{BAD}{i}" for i in range(1000)]
    for name in names:
        (colony.config / name).write_bytes(b"nothing")
    for name in (names[0], names[-1]):
        colony.until_state(name, "FAILED")
    yield
    for name in names:
        colony.remove(name)
    until(lambda: not any(n.startswith(BAD) for n in os.listdir(colony.status)), "none is left")


@contextmanager
def restarted_into_refusal(colony: Colony) -> Iterator[None]:
    """A refused file, and its process dies: it comes back with the configuration in force."""
    colony.shell(BAD, "echo in force; exec sleep infinity")
    pid = colony.running(BAD)
    colony.write(BAD, b"[]")
    until(lambda: (now := colony.of(BAD)) and now["refused"], f"{BAD} is refused")
    colony.ask("RESTART", BAD)
    colony.running(BAD, other_than=pid)
    yield
    colony.remove(BAD)
    colony.gone(BAD)


@contextmanager
def removed_while_refused(colony: Colony) -> Iterator[None]:
    """A refused file that is removed takes its process along."""
    colony.configure(BAD)
    pid = colony.running(BAD)
    colony.write(BAD, b"\xff")
    until(lambda: (now := colony.of(BAD)) and now["refused"], f"{BAD} is refused")
    colony.remove(BAD)
    colony.gone(BAD)
    assert not alive(pid)
    yield


GOOD = b'{"args": ["sleep", "infinity"]'
DEEP = 100_000

FILES = [
    Row("empty", refused(b"", "JSON")),
    Row("white space", refused(b" \n\t", "JSON")),
    Row("half a file", refused(b'{"args": ["sle', "JSON")),
    Row("two documents", refused(GOOD + b"}{}", "JSON")),
    Row("a list", refused(b"[]", "allowed: a JSON object")),
    Row("a string", refused(b'"sleep"', "allowed: a JSON object")),
    Row("a number", refused(b"7", "allowed: a JSON object")),
    Row("null", refused(b"null", "allowed: a JSON object")),
    Row("a shell script", refused(b"#!/bin/sh\nexec sleep 1\n", "JSON")),
    Row("a trailing comma", refused(GOOD + b",}", "JSON")),
    Row("no args", refused(b"{}", "args", "missing")),
    Row("args a string", wrong("args", "sleep infinity")),
    Row("args an object", wrong("args", {"0": "sleep"})),
    Row("args null", wrong("args", None)),
    Row("args a number", wrong("args", 1)),
    Row("args empty", wrong("args", [])),
    Row("args with no program", wrong("args", [""])),
    Row("args with a number", wrong("args", ["sleep", 1], "args[1]")),
    Row("args with a list", wrong("args", [["sleep"]], "args[0]")),
    Row("args with a NUL", wrong("args", ["sleep", "1\0"], "NUL")),
    Row("args with half a surrogate pair", wrong("args", ["sleep", "\ud800"], "surrogate")),
    Row("env a list", wrong("env", ["A=1"])),
    Row("env a string", wrong("env", "A=1")),
    Row("env null", wrong("env", None)),
    Row("env with a number", wrong("env", {"A": 1}, "A")),
    Row("env with null", wrong("env", {"A": None}, "A")),
    Row("env with a NUL", wrong("env", {"A": "\0"}, "NUL")),
    Row("env with = in a name", wrong("env", {"A=B": "1"}, "A=B")),
    Row("env with an empty name", wrong("env", {"": "1"})),
    Row("env with a NUL in a name", wrong("env", {"A\0B": "1"}, "NUL")),
    Row("env with half a surrogate pair", wrong("env", {"A": "\udfff\ud800"}, "surrogate")),
    Row("env_inherit a string", wrong("env_inherit", "PATH")),
    Row("env_inherit an object", wrong("env_inherit", {"PATH": ""})),
    Row("env_inherit with a number", wrong("env_inherit", [1])),
    Row("env_inherit with =", wrong("env_inherit", ["A=B"])),
    Row("env_inherit with a NUL", wrong("env_inherit", ["\0"], "NUL")),
    Row("uid an empty name", wrong("uid", "")),
    Row("uid true", wrong("uid", True)),
    Row("uid below 0", wrong("uid", -1)),
    Row("uid a fraction", wrong("uid", 1.0)),
    Row("uid beyond 32 bits", wrong("uid", 1 << 32)),
    Row("uid that means no change", wrong("uid", (1 << 32) - 1)),
    Row("uid a list", wrong("uid", [0])),
    Row("gid with a NUL", wrong("gid", "ro\0ot")),
    Row("gid below 0", wrong("gid", -1)),
    Row("gid beyond 64 bits", wrong("gid", 1 << 70)),
    Row("group a string", wrong("group", "web")),
    Row("group with a number", wrong("group", [3])),
    Row("group an object", wrong("group", {})),
    Row("groups a string", wrong("supplementary_groups", "adm")),
    Row("groups with a fraction", wrong("supplementary_groups", [1.5])),
    Row("env_file not from the root", wrong("env_file", "env")),
    Row("env_file with a number", wrong("env_file", ["/env", 1])),
    Row("env_from a list", wrong("env_from", ["/env"])),
    Row("env_from not from the root", wrong("env_from", {"A": "env"})),
    Row("env_from with =", wrong("env_from", {"A=": "/env"})),
    Row("cwd not from the root", wrong("cwd", "tmp")),
    Row("cwd a number", wrong("cwd", 1)),
    Row("umask a number", wrong("umask", 22)),
    Row("umask not octal", wrong("umask", "8")),
    Row("limits a list", wrong("limits", [1])),
    Row("limits of nothing", wrong("limits", {"nothing": 1}, "nothing")),
    Row("limits of locks", wrong("limits", {"locks": 1}, "locks")),
    Row("limits below 0", wrong("limits", {"nofile": -1}, "nofile")),
    Row("limits soft above hard", wrong("limits", {"nofile": [9, 8]}, "nofile")),
    Row("nice beyond 19", wrong("nice", 20)),
    Row("nice a string", wrong("nice", "5")),
    Row("oom_score_adj beyond 1000", wrong("oom_score_adj", 1001)),
    Row("no_new_privs a number", wrong("no_new_privs", 1)),
    Row("enabled a string", wrong("enabled", "false")),
    Row("restart a boolean", wrong("restart", True)),
    Row("restart of another kind", wrong("restart", "sometimes")),
    Row("success a number", wrong("success", 0)),
    Row("success beyond 255", wrong("success", [256])),
    Row("success no signal", wrong("success", ["SIGNONE"])),
    Row("threshold below 0", wrong("threshold", -1)),
    Row("threshold in years", wrong("threshold", "1y")),
    Row("minrestartdelay null", wrong("minrestartdelay", None)),
    Row("maxrestartdelay a list", wrong("maxrestartdelay", [1])),
    Row("jitter beyond 1", wrong("jitter", 1.1)),
    Row("jitter true", wrong("jitter", True)),
    Row("give_up a number", wrong("give_up", 3)),
    Row("give_up without a time", wrong("give_up", {"failures": 3})),
    Row("give_up with more", wrong("give_up", {"failures": 3, "within": 1, "then": 1})),
    Row("give_up after none", wrong("give_up", {"failures": 0, "within": 1})),
    Row("essential a string", wrong("essential", "yes")),
    Row("stop_signal no signal", wrong("stop_signal", "NONE")),
    Row("stop_signal 0", wrong("stop_signal", 0)),
    Row("killtime a word", wrong("killtime", "soon")),
    Row("killtime endless", refused(GOOD + b', "killtime": 1e999}')),
    Row("kill_mode of another kind", wrong("kill_mode", "group")),
    Row("log to nowhere", wrong("log", "nowhere")),
    Row("log a list", wrong("log", ["files"])),
    Row("log with an unknown key", wrong("log", {"to": "files", "sizes": 1}, "sizes")),
    Row("log of a size below 0", wrong("log", {"to": "files", "size": -1}, "size")),
    Row("a number of a million digits", refused(GOOD + b', "uid": 1' + b"0" * 999_000 + b"}")),
    Row("NaN", refused(GOOD + b', "x": NaN}', "NaN")),
    Row("infinity", refused(GOOD + b', "x": -Infinity}', "Infinity")),
    Row("deep lists", refused(b"[" * DEEP, "JSON")),
    Row("deep objects", refused(b'{"a":' * DEEP, "nested")),
    Row("deep within", refused(GOOD + b', "x":' + b"[" * DEEP + b"]" * DEEP + b"}", "nested")),
    Row("1 MiB and a byte", refused(GOOD + b"}" + b" " * (1 << 20), "1048576")),
    Row("1 MiB of one key", too_large_to_pass_on(GOOD + b',"a":1' * 100_000 + b"}")),
    Row("20,000 unknown keys", backs_off({f"argz{i}": 1 for i in range(20_000)}, "too long")),
    Row("invalid UTF-8", refused(b'{"args": ["\xff"]}', "UTF-8")),
    Row("latin-1", refused('{"args": ["café"]}'.encode("latin-1"), "UTF-8")),
    Row("UTF-8 with a byte order mark", refused(b"\xef\xbb\xbf" + GOOD + b"}", "JSON")),
    Row("UTF-16", refused((GOOD + b"}").decode().encode("utf-16"), "UTF-8")),
    Row("UTF-32", refused((GOOD + b"}").decode().encode("utf-32-le"))),
    Row("NUL bytes", refused(bytes(100), "JSON")),
    Row("noise", refused(bytes(range(256)) * 100)),
    Row("a key twice", starts(b'{"args": [], "args": ["sleep", "infinity"]}')),
    Row("an unknown key", starts(GOOD + b', "arg": []}')),
    Row("unreadable", unreadable),
    Row("grows", growing),
    Row("vanish", vanishing),
    Row("written in place", in_place),
    Row("a thousand at once", many_refused),
    Row("refused, then a restart", restarted_into_refusal),
    Row("refused, then removed", removed_while_refused),
    Row("FIFO", passed_over("fifo", os.mkfifo)),
    Row("socket", passed_over("socket", _socket)),
    Row("device", passed_over("device", _device), only_root=True),
    Row("directory", passed_over("directory", os.mkdir)),
    Row("dangling link", passed_over("dangling", _link_to("nowhere"))),
    Row("link to a directory", passed_over("linked", _link_to("/tmp"))),
    Row("link to a device", passed_over("zero", _link_to("/dev/zero"))),
    Row("link to a terminal", passed_over("tty", _link_to("/dev/tty"))),
    Row("link to itself", passed_over("itself", _loop)),
    Row("two links in a loop", passed_over("mutual", _mutual)),
    Row("link to a FIFO", passed_over("to-fifo", _link_to_fifo)),
    Row("becomes a FIFO", replaced(os.mkfifo, "FIFO")),
    Row("becomes a socket", replaced(_socket, "socket")),
    Row("becomes a dangling link", replaced(_link_to("nowhere"), "link")),
    Row("becomes a link to itself", replaced(_loop)),
    Row("becomes half a file", replaced(lambda path: path.write_bytes(b"{"), "JSON")),
    Row("becomes empty", replaced(lambda path: path.touch())),
    Row("hidden", passed_over(".hidden", _good)),
    Row("in progress", passed_over("web.new", _good)),
    Row("an editor's copy", passed_over("web~", _good)),
    Row("vim's swap file", passed_over(".web.swp", _good)),
    Row("emacs' save file", passed_over("#web#", _good)),
    Row("kubernetes' directory", passed_over("..2026_11_24", os.mkdir)),
    Row("a name in latin-1", passed_over(b"caf\xe9", _good)),
    Row("a name of 255 bytes", named(b"n" * 255)),
    Row("a name with a line end", passed_over("two\nlines", _good)),
    Row("a name with an escape sequence", passed_over("\x1b[31mred", _good)),
    Row("a name of spaces", named(b"   ")),
    Row("a name like an option", named(b"--help")),
    Row("a name with braces and percent", named(b"{line} %s %(x)d")),
]


# Programs


def _not_executable(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n")


def program(make: Callable[[Path], object], *found: str) -> Spoil:
    """A program that is there and can't be started."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        path = colony.root / "program"
        make(path)
        with backs_off({"args": [str(path)]}, *found)(colony):
            yield
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return spoil


def _executable(contents: bytes) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.write_bytes(contents)
        path.chmod(0o755)

    return make


PROGRAMS = [
    Row("missing", backs_off({"args": ["/nowhere/program"]}, "/nowhere/program", "No such file")),
    Row("not in PATH", backs_off({"args": ["no-such-program"]}, "no-such-program", "No such")),
    Row("empty PATH", backs_off({"args": ["sleep", "9"], "env": {"PATH": ""}}, "sleep")),
    Row("not executable", program(_not_executable, "Permission denied")),
    Row("a directory", program(os.mkdir, "Permission denied")),
    Row("text, no program", program(_executable(b"hello\n"), "Exec format")),
    Row("empty program", program(_executable(b""), "Exec format")),
    Row("no interpreter", program(_executable(b"#!/nowhere/sh\n"), "No such file")),
    Row("half an ELF", program(_executable(b"\x7fELF\x02\x01\x01"), "Exec format")),
    Row("not a directory", backs_off({"args": ["/etc/passwd/x"]}, "Not a directory")),
    Row("a path too long", backs_off({"args": ["/" + "x" * 5000]}, "too long")),
    Row("an argument too long", backs_off({"args": ["true", "x" * 200_000]}, "too long")),
    Row("a variable too long", backs_off({"env": {"A": "x" * 200_000}}, "too long")),
    Row("ends at once", backs_off({"args": ["true"]}, "code 0")),
    Row("ends at once with a code", backs_off({"args": ["false"]}, "code 1")),
    Row("dies at once", backs_off({"args": ["sh", "-c", "kill -SEGV $$"]}, "SIGSEGV")),
    Row("closes all", backs_off({"args": ["sh", "-c", "exec >&- 2>&- <&-"]}, "code 0")),
    Row("uid unknown", backs_off({"uid": 4_000_000}, "4000000", "gid"), only_root=True),
    Row("no such user", backs_off({"uid": "nobody.here"}, "nobody.here")),
    Row("no such group", backs_off({"gid": "nobody.here"}, "nobody.here")),
    Row("no such other group", backs_off({"supplementary_groups": ["none.here"]}, "none.here")),
    Row("cwd missing", backs_off({"cwd": "/nowhere"}, "/nowhere", "No such")),
    Row("cwd a file", backs_off({"cwd": "/etc/passwd"}, "/etc/passwd", "Not a directory")),
    Row("env_file missing", backs_off({"env_file": "/nowhere"}, "/nowhere", "No such")),
    Row("env_from missing", backs_off({"env_from": {"A": "/nowhere"}}, "/nowhere", "No such")),
    Row("env_file endless", backs_off({"env_file": "/dev/zero"}, "/dev/zero")),
    Row("env_from a device", backs_off({"env_from": {"A": "/dev/null"}}, "/dev/null")),
]


# Requests


@contextmanager
def counted(colony: Colony, number: int = 1) -> Iterator[None]:
    """So many requests are rejected meanwhile, and the status says so at the end.

    It does so for each of the table's, so that the next one counts from what is so.
    """
    before = (colony.monitor_status() or {})["rejected"]
    yield
    until(
        lambda: (colony.monitor_status() or {})["rejected"] == before + number,
        f"the status counts {number} more than {before}",
    )


def rejected(text: bytes, *found: str) -> Spoil:
    """A request that is moved to where the rejected ones are, with its reason."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        with counted(colony):
            file_name = colony.send(text)
            why = until(lambda: colony.rejected(file_name), "the request is rejected")
            for part in found:
                assert part in why
            assert "\n" not in why
            assert not (colony.messages / file_name).exists()
            assert (colony.messages / ".rejected" / file_name).read_bytes() == text
        yield

    return spoil


def asked(*found: str, **document: Any) -> Spoil:
    return rejected(json.dumps(document).encode(), *found)


def message_is(make: Callable[[Path], object], *found: str) -> Spoil:
    """Something among the requests that is no file."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        name = f"odd{next(_fresh)}"
        with counted(colony):
            make(colony.messages / name)
            why = until(lambda: colony.rejected(name), "it is rejected")
            for part in found:
                assert part in why
            assert not os.path.lexists(colony.messages / name)
        yield

    return spoil


def message_stays(name: str, make: Callable[[Path], object]) -> Spoil:
    """Something among the requests that is passed over."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        path = colony.messages / name
        make(path)
        with counted(colony):
            file_name = colony.ask("RESTART", "nobody")
            until(lambda: colony.rejected(file_name), "what came after it is rejected")
        yield
        assert os.path.lexists(path)
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return spoil


def _restart_healthy(path: Path) -> None:
    path.write_bytes(json.dumps({"type": "RESTART", "name": HEALTHY}).encode())


@contextmanager
def signal_to_stopped(colony: Colony) -> Iterator[None]:
    """A signal to a process that is down."""
    colony.configure(BAD)
    colony.running(BAD)
    colony.ask("STOP", BAD)
    colony.until_state(BAD, "STOPPED", want="DOWN")
    with counted(colony):
        file_name = colony.ask("SIGNAL", BAD, signal="HUP")
        assert "not running" in until(lambda: colony.rejected(file_name), "it is rejected")
    yield
    colony.remove(BAD)
    colony.gone(BAD)


@contextmanager
def thousands(colony: Colony) -> Iterator[None]:
    """Thousands of files of noise, with one request among them."""
    colony.configure(BAD)
    pid = colony.running(BAD)
    with counted(colony, 3000):
        for i in range(3000):
            (colony.messages / f"{i}").write_bytes(b"\0" * (i % 300))
        colony.ask("RESTART", BAD)
        colony.running(BAD, other_than=pid)
    until(lambda: not [n for n in os.listdir(colony.messages) if not n.startswith(".")], "all go")
    kept = os.listdir(colony.messages / ".rejected")
    assert len([name for name in kept if not name.endswith(".reason")]) <= 100
    yield
    colony.remove(BAD)
    colony.gone(BAD)


@contextmanager
def unreadable_message(colony: Colony) -> Iterator[None]:
    """A request that can't be read stays where it is, undone, and the status says so."""
    if os.geteuid() == 0 and not _AS_ANYONE:
        pytest.skip("root reads everything")
    aside = colony.messages / ".made"
    _restart_healthy(aside)
    aside.chmod(0)
    aside.rename(colony.messages / "unreadable")
    until(lambda: "unreadable" in str((colony.monitor_status() or {})["warnings"]), "a warning")
    yield
    (colony.messages / "unreadable").unlink()
    until(lambda: not (colony.monitor_status() or {})["warnings"], "the warning goes")


REQUESTS = [
    Row("message empty", rejected(b"", "JSON")),
    Row("message not JSON", rejected(b"restart web", "JSON")),
    Row("message a list", rejected(b"[]", "a JSON object")),
    Row("message null", rejected(b"null", "a JSON object")),
    Row("message deep", rejected(b"[" * 60_000, "JSON")),
    Row("message deep objects", rejected(b'{"a":' * 12_000, "JSON")),
    Row("message invalid UTF-8", rejected(b'{"type": "\xff"}', "JSON")),
    Row("message UTF-16", rejected('{"type": "RESTART-ALL"}'.encode("utf-16"), "JSON")),
    Row("message 64 KiB and a byte", rejected(b" " * 65_537, "65536")),
    Row("message huge", rejected(b" " * 10_000_000, "65536")),
    Row("message of digits", rejected(b"1" * 60_000)),
    Row("no type", asked("type", name=HEALTHY)),
    Row("type null", asked("type", type=None)),
    Row("type a list", asked("type", type=["RESTART"])),
    Row("type unknown", asked("type", "RELOAD", "RESTART-ALL", type="RELOAD", name=HEALTHY)),
    Row("type in small letters", asked("type", type="restart", name=HEALTHY)),
    Row("no name", asked("name", type="RESTART")),
    Row("name empty", asked("name", type="RESTART", name="")),
    Row("name a number", asked("name", type="STOP", name=1)),
    Row("name a list", asked("name", type="STOP", name=[HEALTHY])),
    Row("name null", asked("name", type="START", name=None)),
    Row("name unknown", asked("no process is named", "nobody", type="RESTART", name="nobody")),
    Row("name a path", asked("no process", type="STOP", name=f"../config/{HEALTHY}")),
    Row("name with a NUL", asked("no process", type="STOP", name=f"{HEALTHY}\0")),
    Row("name with half a surrogate pair", asked("no process", type="STOP", name="\ud800")),
    Row("no group", asked("group", type="RESTART-GROUP")),
    Row("group unknown", asked("group", "nobody", type="RESTART-GROUP", group="nobody")),
    Row("group a list", asked("group", type="RESTART-GROUP", group=["all"])),
    Row("no signal", asked("signal", type="SIGNAL", name=HEALTHY)),
    Row("signal unknown", asked("BOGUS", type="SIGNAL", name=HEALTHY, signal="BOGUS")),
    Row("signal 0", asked("signal", type="SIGNAL", name=HEALTHY, signal=0)),
    Row("signal too large", asked("signal", type="SIGNAL", name=HEALTHY, signal=1 << 40)),
    Row("signal below 0", asked("signal", type="SIGNAL", name=HEALTHY, signal=-9)),
    Row("signal a fraction", asked("signal", type="SIGNAL", name=HEALTHY, signal=9.0)),
    Row("signal true", asked("signal", type="SIGNAL", name=HEALTHY, signal=True)),
    Row("signal a list", asked("signal", type="SIGNAL", name=HEALTHY, signal=["HUP"])),
    Row("signal without a process", asked("no process", type="SIGNAL", name="x", signal="HUP")),
    Row("signal to a stopped one", signal_to_stopped),
    Row("reason a list", asked("reason", type="RESTART", name=HEALTHY, reason=[])),
    Row("message a FIFO", message_is(os.mkfifo, "FIFO")),
    Row("message a socket", message_is(_socket, "socket")),
    Row("message a device", message_is(_device, "device"), only_root=True),
    Row("message a dangling link", message_is(_link_to("nowhere"), "link")),
    Row("message a link to a device", message_is(_link_to("/dev/zero"), "device")),
    Row("message a link to itself", message_is(_loop, "link")),
    Row("message a directory", message_stays("directory", os.mkdir)),
    Row("message in progress", message_stays("half.new", _restart_healthy)),
    Row("message hidden", message_stays(".hidden", _restart_healthy)),
    Row("message a copy", message_stays("copy~", _restart_healthy)),
    Row("message unreadable", unreadable_message),
    Row("thousands of messages", thousands),
]


# Directories


def _warned(colony: Colony, directory: Path) -> None:
    until(
        lambda: str(directory) in str((colony.monitor_status() or {})["warnings"]),
        f"a warning about {directory}",
    )


def moved_away(role: str) -> Spoil:
    """A directory vanishes and comes back."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        directory = colony.root / role
        away = colony.root / f"{role}.away"
        directory.rename(away)
        _warned(colony, directory)
        rows = (colony.monitor_status() or {})["directories"]
        assert [row["watch"] for row in rows if row["role"] == role] == ["missing"]
        away.rename(directory)
        until(lambda: not (colony.monitor_status() or {})["warnings"], "the warning goes")
        yield

    return spoil


@contextmanager
def config_rewritten(colony: Colony) -> Iterator[None]:
    """The whole directory is replaced by a new one, filled slowly, with the same files."""
    away = colony.root / "config.away"
    colony.config.rename(away)
    _warned(colony, colony.config)
    colony.config.mkdir()
    for path in away.iterdir():
        if not path.name.startswith("."):
            colony.write(path.name, path.read_bytes())
    shutil.rmtree(away)
    until(lambda: not (colony.monitor_status() or {})["warnings"], "the warning goes")
    yield


@contextmanager
def config_a_file(colony: Colony) -> Iterator[None]:
    """There is a file where the directory was."""
    away = colony.root / "config.away"
    colony.config.rename(away)
    colony.config.write_bytes(b"{}")
    _warned(colony, colony.config)
    colony.config.unlink()
    away.rename(colony.config)
    until(lambda: not (colony.monitor_status() or {})["warnings"], "the warning goes")
    yield


def closed(role: str) -> Spoil:
    """A directory that nobody may enter for a while."""

    @contextmanager
    def spoil(colony: Colony) -> Iterator[None]:
        if os.geteuid() == 0 and not _AS_ANYONE:
            pytest.skip("root enters everything")
        directory = colony.root / role
        directory.chmod(0)
        try:
            if role == "messages":
                place(directory / "poke", b'{"type": "RESTART-GROUP", "group": "nobody"}')
            else:
                place(directory / BAD, b'{"args": ["sleep", "infinity"]}')
            _warned(colony, directory)
        finally:
            directory.chmod(0o755)
        until(lambda: not (colony.monitor_status() or {})["warnings"], "the warning goes")
        if role == "config":
            colony.running(BAD)
        yield
        if role == "config":
            colony.remove(BAD)
            colony.gone(BAD)

    return spoil


@contextmanager
def status_away(colony: Colony) -> Iterator[None]:
    """The status directory is moved away: another takes its place, and nothing is missing in it."""
    away = colony.root / "status.away"
    colony.status.rename(away)
    colony.configure(BAD)
    colony.running(BAD)
    colony.running(HEALTHY)
    yield
    shutil.rmtree(away)
    colony.remove(BAD)
    colony.gone(BAD)


@contextmanager
def status_blocked(colony: Colony) -> Iterator[None]:
    """A directory lies where one process's status belongs: the others are written."""
    (colony.status / BAD).mkdir()
    colony.configure(BAD)
    until(lambda: BAD in colony.mine().values(), f"{BAD} runs")
    yield
    (colony.status / BAD).rmdir()
    colony.running(BAD)
    colony.remove(BAD)
    colony.gone(BAD)


@contextmanager
def foreign_signals(colony: Colony) -> Iterator[None]:
    """Signals that the monitor has no use for."""
    assert colony.monitor is not None
    for signum in (signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH, signal.SIGURG, signal.SIGPIPE):
        colony.monitor.send_signal(signum)
    yield


DIRECTORIES = [
    Row("config away and back", moved_away("config")),
    Row("messages away and back", moved_away("messages")),
    Row("config replaced", config_rewritten),
    Row("config a file", config_a_file),
    Row("config closed", closed("config")),
    Row("messages closed", closed("messages")),
    Row("status away and back", status_away),
    Row("status of one blocked", status_blocked),
    Row("foreign signals", foreign_signals),
]

TABLE = [*FILES, *PROGRAMS, *REQUESTS, *DIRECTORIES]


def _tidy(colony: Colony) -> None:
    """After a row that failed, only what is healthy is left for the next one."""
    shutil.rmtree(colony.root / "status.away", ignore_errors=True)
    for role in ("config", "messages", "status"):
        away = colony.root / f"{role}.away"
        directory = colony.root / role
        if away.exists():
            if directory.is_dir():
                shutil.rmtree(directory)
            else:
                directory.unlink(missing_ok=True)
            away.rename(directory)
        directory.chmod(0o755)
        for entry in os.scandir(directory):
            if role == "status" and not entry.is_dir():
                continue
            if entry.name not in (HEALTHY, ".rejected"):
                shutil.rmtree(entry) if entry.is_dir(follow_symlinks=False) else os.unlink(entry)


@pytest.mark.parametrize("row", TABLE, ids=[row.name for row in TABLE])
def test_a_bad_input_disturbs_nothing(shared: Colony, row: Row) -> None:
    """The monitor lives, a healthy process has its old pid, a new good file starts."""
    if row.only_root and os.geteuid() != 0:
        pytest.skip("only root can do that")
    healthy_pid = shared.running(HEALTHY)
    try:
        with row.spoil(shared):
            assert_works(shared, healthy_pid)
    except BaseException:
        _tidy(shared)
        raise
    assert shared.running(HEALTHY) == healthy_pid


def test_the_table_is_long() -> None:
    """Sixty bad inputs at least, each with a name of its own."""
    assert len({row.name for row in TABLE}) == len(TABLE) >= 60


# Machines that have run out of something


def _on_small_disk(colony: Colony, role: str) -> Path:
    """Start a monitor that sees a disk of 64 KiB at one of its directories; that disk."""
    directory = colony.root / role
    directory.mkdir(exist_ok=True)
    mount = f"mount -t tmpfs -o size=64k,mode=755 none {directory}"
    log = f"exec >{directory}/log 2>&1; " if role == "logs" else ""
    command = " ".join([*LAUNCHES["run"], "--colony", str(colony.root)])
    colony.start_as(["unshare", "-m", "sh", "-c", f"{mount} && {log}exec {command}"], wait=False)
    seen = Path(f"/proc/{colony.pid}/root{directory}")
    until(lambda: os.path.ismount(seen), "the disk is there")
    if role == "status":
        colony.status = seen
    elif role == "messages":
        colony.messages = seen
    colony.wait_for_monitor()
    return seen


def _fill(disk: Path) -> None:
    with open(disk / ".filling", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


@needs_root
def test_a_full_status_disk_stops_nothing(colony: Colony) -> None:
    """Processes start and stop although nothing can be said of them; later all is said."""
    disk = _on_small_disk(colony, "status")
    colony.configure(HEALTHY)
    pid = colony.running(HEALTHY)
    _fill(disk)
    colony.configure("other")
    until(lambda: "other" in colony.mine().values(), "other runs")
    assert alive(pid)
    colony.remove("other")
    until(lambda: "other" not in colony.mine().values(), "other is gone")
    colony.configure("third")
    until(lambda: "third" in colony.mine().values(), "third runs")
    assert (colony.of(HEALTHY) or {})["pid"] == pid
    (disk / ".filling").unlink()
    colony.running("third")
    colony.status = colony.root / "status"


@needs_root
def test_a_full_message_disk_stops_nothing(colony: Colony) -> None:
    """Requests are carried out, and rejected, where the reason can't even be kept."""
    disk = _on_small_disk(colony, "messages")
    colony.configure(HEALTHY)
    pid = colony.running(HEALTHY)
    (disk / "bad.new").write_bytes(b"nonsense")
    (disk / "good.new").write_bytes(b'{"type": "RESTART", "name": "healthy"}')
    _fill(disk)
    (disk / "bad.new").rename(disk / "bad")
    (disk / "good.new").rename(disk / "good")
    colony.running(HEALTHY, other_than=pid)
    until(lambda: (colony.monitor_status() or {})["rejected"] == 1, "the other is rejected")
    colony.configure("other")
    colony.running("other")


@needs_root
def test_a_full_log_disk_stops_nothing(colony: Colony) -> None:
    """What can't be logged waits, and so do those who wrote it; nobody else does."""
    disk = _on_small_disk(colony, "logs")
    colony.configure(HEALTHY)
    pid = colony.running(HEALTHY)
    _fill(disk)
    colony.shell("talker", "i=0; while :; do i=$((i+1)); echo line $i; done")
    colony.running("talker")
    colony.configure("other")
    colony.running("other")
    until(lambda: (colony.monitor_status() or {})["warnings"], "the status has a warning")
    colony.ask("RESTART", "talker")
    colony.until_state("talker", "RUNNING", starts=2)
    assert colony.running(HEALTHY) == pid


def test_descriptors_run_out(colony: Colony) -> None:
    """Beyond the limit processes wait in BACKOFF with the reason; the others run."""
    command = f"ulimit -n 48; exec {' '.join(LAUNCHES['run'])} --colony {colony.root}"
    colony.start_as(["sh", "-c", command])
    colony.configure(HEALTHY)
    pid = colony.running(HEALTHY)
    names = [f"p{i:02}" for i in range(60)]
    for name in names:
        colony.configure(name)
    for name in names:
        now = colony.until_state(name, "RUNNING", "BACKOFF")
        if now["state"] == "BACKOFF":
            assert "Too many open files" in now["reason"]
    assert any((colony.of(name) or {})["state"] == "BACKOFF" for name in names)
    assert colony.running(HEALTHY) == pid
    for name in names:
        colony.remove(name)
    for name in names:
        colony.gone(name)
    assert_works(colony, pid)


def test_a_child_stopped_by_a_signal_is_left_alone(colony: Colony) -> None:
    """SIGSTOP from outside is nobody's end: same pid, still RUNNING; a restart gets through."""
    colony.start("--killtime", "0.2")
    colony.configure(BAD)
    pid = colony.running(BAD)
    os.kill(pid, signal.SIGSTOP)
    until(lambda: proc_state(pid) == "T", "it is stopped")
    colony.configure(HEALTHY)
    assert_works(colony, colony.running(HEALTHY))
    assert colony.running(BAD) == pid
    colony.ask("RESTART", BAD)
    colony.running(BAD, other_than=pid)
    assert not alive(pid)


def test_a_status_directory_made_anew_is_filled_again(colony: Colony) -> None:
    """It is removed with all that's in it: all of it comes back, the lock as well."""
    colony.configure(HEALTHY)
    colony.start()
    pid = colony.running(HEALTHY)
    # The monitor's own file is written last: nothing comes into the directory after that.
    until(
        lambda: (colony.monitor_status() or {})["counts"] == {"RUNNING": 1}, "all of it is written"
    )
    shutil.rmtree(colony.status)
    colony.configure("other")
    until(lambda: "other" in colony.mine().values(), "other runs")
    colony.running("other")
    assert colony.running(HEALTHY) == pid
    second = subprocess.run(
        [*LAUNCHES["run"], "--colony", str(colony.root)],
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert b"another monitor" in second.stderr
