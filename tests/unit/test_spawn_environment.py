"""What a child is started with: its environment, its program, its signals' names."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spawning import Machine, as_nobody, as_root
from timing import took_s

from builders import a_file, a_spec
from ncolony.environment import environment, find_program
from ncolony.signalnames import signal_name, signal_number
from reactors import nothing_left

# Environment


def test_a_child_s_environment_is_what_its_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it names, what it inherits by name, its own name and file, and nothing else."""
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("SECRET", "of the monitor")
    monkeypatch.delenv("UNSET", raising=False)
    asked = {"env": {"A": "1", "B": ""}, "env_inherit": ["LANG", "UNSET"]}
    assert environment(a_spec(**asked)) == {
        "A": "1",
        "B": "",
        "LANG": "C.UTF-8",
        "UNSET": "",
        "NCOLONY_NAME": "web",
        "NCOLONY_CONFIG": a_file(**asked),
    }


def test_name_and_file_cannot_be_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the monitor says of itself wins over the file and over what is inherited."""
    monkeypatch.setenv("NCOLONY_CONFIG", "of another monitor")
    asked = {"env": {"NCOLONY_NAME": "db"}, "env_inherit": ["NCOLONY_CONFIG"]}
    assert environment(a_spec(**asked)) == {
        "NCOLONY_NAME": "web",
        "NCOLONY_CONFIG": a_file(**asked),
    }


def test_bytes_that_are_not_utf_8_are_inherited_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The environment is bytes."""
    monkeypatch.setitem(os.environb, b"RAW", b"\xff")
    assert environment(a_spec(env_inherit=["RAW"]))["RAW"] == os.fsdecode(b"\xff")


# Its files


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], str]:
    """Writes a file; its path."""

    def write(name: str, contents: bytes) -> str:
        (tmp_path / name).write_bytes(contents)
        return str(tmp_path / name)

    return write


def _own(**asked: Any) -> dict[str, str | bytes]:
    """A child's environment without what the monitor says itself."""
    found = environment(a_spec(**asked))
    del found["NCOLONY_NAME"], found["NCOLONY_CONFIG"]
    return found


def _why(**asked: Any) -> str:
    """Why there is no environment."""
    with nothing_left(), pytest.raises(OSError) as raised:
        environment(a_spec(**asked))
    assert isinstance(raised.value.strerror, str)
    return raised.value.strerror


def test_what_is_nearest_to_the_process_wins(
    file: Callable[[str, bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later file over an earlier one, ``env_from`` over those, ``env`` and more over that."""
    monkeypatch.setenv("E", "of the monitor")
    names = b"ABCDE"
    first = file("1", b"".join(b"%c=first\n" % name for name in names))
    second = file("2", b"".join(b"%c=second\n" % name for name in names[1:]))
    secret = file("3", b"secret")
    asked = {
        "env_file": [first, second],
        "env_from": {"C": secret, "D": secret, "E": secret},
        "env": {"D": "env", "E": "env"},
        "env_inherit": ["E"],
    }
    assert _own(**asked) == {
        "A": b"first",
        "B": b"second",
        "C": b"secret",
        "D": "env",
        "E": "of the monitor",
    }


def test_files_cannot_say_what_the_monitor_says(file: Callable[[str, bytes], str]) -> None:
    """The name and the file of a process are its own."""
    path = file("env", b"NCOLONY_NAME=db\nNCOLONY_CONFIG=x\n")
    asked = {"env_file": path, "env_from": {"NCOLONY_NAME": path}}
    found = environment(a_spec(**asked))
    assert found == {"NCOLONY_NAME": "web", "NCOLONY_CONFIG": a_file(**asked)}


def test_files_are_read_at_each_start(file: Callable[[str, bytes], str]) -> None:
    """A secret that was exchanged is the new one at the next start."""
    asked = {"env_file": file("env", b"A=1"), "env_from": {"B": file("secret", b"2")}}
    assert _own(**asked) == {"A": b"1", "B": b"2"}
    file("env", b"A=3")
    file("secret", b"4")
    assert _own(**asked) == {"A": b"3", "B": b"4"}


def test_a_file_of_variables_is_as_others_write_it(file: Callable[[str, bytes], str]) -> None:
    """Comments, quotes, escapes, ``export``, values of several lines; nothing is expanded."""
    text = """\ufeff# made by hand

export A=1
B = two words   # a comment
C='single $A \\n'
D="double\\tquoted\\n"
E="first
second"
F=${A}$HOME
G=
H=#no comment
I=\u00e9
"""
    assert _own(env_file=file("env", text.encode())) == {
        "A": b"1",
        "B": b"two words",
        "C": b"single $A \\n",
        "D": b"double\tquoted\n",
        "E": b"first\nsecond",
        "F": b"${A}$HOME",
        "G": b"",
        "H": b"#no comment",
        "I": "\u00e9".encode(),
    }


@pytest.mark.parametrize("contents", [b"", b"\n\n", b"  \n# A=1", b"\xef\xbb\xbf"])
def test_a_file_may_have_no_variables(file: Callable[[str, bytes], str], contents: bytes) -> None:
    """Then there are none."""
    assert _own(env_file=file("env", contents)) == {}


NOT_ASSIGNED = "found no assignment; allowed: NAME=VALUE"


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"A=1\nsecret\n", f"line 2: {NOT_ASSIGNED}"),
        (b"A=1\n\n\n  secret words\n", f"line 4: {NOT_ASSIGNED}"),
        (b'A=1\nB="secret\n', f"line 2: {NOT_ASSIGNED}"),
        (b"A=1\n\n'B=secret'=2\n", f"line 3: {NOT_ASSIGNED}"),
        (b"=secret", f"line 1: {NOT_ASSIGNED}"),
        (b"export secret", f"line 1: {NOT_ASSIGNED}"),
        (b"A=1\nB=se\0cret", "line 2: found a NUL byte"),
        (b"A=secret\xff", "found invalid UTF-8 at byte 8"),
        (
            b"A=1\nB=" + b" " * 257 + b"secret",
            "line 2: found more than 256 spaces in a row; allowed: so many",
        ),
        (b"A=1\n" * 10_001, "found more than 10000 lines; allowed: so many"),
        (b"#" * 1048577, "found more than 1048576 bytes; allowed: so many"),
        (b"SECRETS=" + b"x" * 131064, "SECRETS is longer than the 128 KiB allowed"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_its_contents(
    file: Callable[[str, bytes], str], contents: bytes, why: str
) -> None:
    """The file, the line, what was found and what is allowed: the rest may be secret."""
    path = file("env", contents)
    assert _why(env_file=path) == f"cannot use env_file {path}: {why}"


@pytest.mark.parametrize(
    "contents",
    [
        b"A=1" + (b" " * 256 + b"x") * 4000,
        b"A=" + b"x " * 60_000,
        b"A=1\n" * 10_000,
        b"".join(b'A%d="%s"\n' % (i, b"\\n" * 45) for i in range(9_999)),
    ],
)
def test_no_file_takes_long(file: Callable[[str, bytes], str], contents: bytes) -> None:
    """The monitor waits for it; without bounds, hours."""
    path = file("env", contents)

    def attempt() -> None:
        with contextlib.suppress(OSError):
            environment(a_spec(env_file=path))

    assert took_s(attempt) < 10


@pytest.mark.parametrize(
    ("contents", "value"),
    [
        (b"", b""),
        (b"\n", b""),
        (b"secret", b"secret"),
        (b"secret\n", b"secret"),
        (b"secret\n\n", b"secret\n"),
        (b" two\nlines \r\n", b" two\nlines \r"),
        (b"\xff=#'\"$A", b"\xff=#'\"$A"),
        (b"x" * 131065, b"x" * 131065),
    ],
)
def test_a_variable_s_file_is_its_value(
    file: Callable[[str, bytes], str], contents: bytes, value: bytes
) -> None:
    """To the byte, without one newline at its end."""
    assert _own(env_from={"TOKEN": file("secret", contents)}) == {"TOKEN": value}


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        (b"se\0cret", "found a NUL byte"),
        (b"x" * 131066, "TOKEN is longer than the 128 KiB allowed"),
        (b"x" * 131073, "found more than 131072 bytes; allowed: so many"),
    ],
)
def test_what_is_wrong_with_a_secret_is_said_without_it(
    file: Callable[[str, bytes], str], contents: bytes, why: str
) -> None:
    """The variable and the path."""
    path = file("secret", contents)
    assert _why(env_from={"TOKEN": path}) == f"cannot use {path} for TOKEN in env_from: {why}"


def _make_fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "No such file or directory"),
        (Path.mkdir, "found no regular file; allowed: a regular file"),
        (_make_fifo, "found no regular file; allowed: a regular file"),
        (
            lambda path: path.symlink_to("/dev/tty"),
            "found no regular file; allowed: a regular file",
        ),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
)
def test_what_is_no_file_is_no_environment(
    tmp_path: Path, make: Callable[[Path], None], why: str
) -> None:
    """And is never opened in a way that could block."""
    path = tmp_path / "it"
    make(path)
    assert _why(env_file=str(path)) == f"cannot use env_file {path}: {why}"
    assert _why(env_from={"A": str(path)}) == f"cannot use {path} for A in env_from: {why}"


@as_root
def test_a_file_that_may_not_be_read_is_no_environment(tmp_path: Path) -> None:
    """With the reason that the kernel gives."""
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    tmp_path.chmod(0o700)
    why = as_nobody(lambda: _why(env_from={"A": str(path)}))
    assert why == f"cannot use {path} for A in env_from: Permission denied"


def test_the_library_is_loaded_only_for_those_who_ask(file: Callable[[str, bytes], str]) -> None:
    """Nor is what a context needs: the monitor's start and memory are as without."""
    script = """if True:
        import json, sys
        from ncolony import spec, spawn
        path = sys.argv[1]
        def environment(**asked):
            spawn.environment(spec.parse("web", json.dumps({"args": ["x"], **asked}).encode()))
        environment(env={"A": "1"})
        assert not {"ncolony.envfiles", "ncolony.contextstart", "dotenv"} & set(sys.modules)
        environment(env_from={"A": path})
        assert "dotenv" not in sys.modules
        environment(env_file=path)
        assert "dotenv" in sys.modules
    """
    subprocess.run([sys.executable, "-c", script, file("env", b"A=1")], check=True)


@pytest.mark.parametrize("fields", [{}, {"umask": "022"}])
def test_files_values_arrive_to_the_byte(
    file: Callable[[str, bytes], str], fields: dict[str, Any]
) -> None:
    """Whichever way the process is started; its program is looked up in their PATH."""
    machine = Machine()
    asked = {
        "env_file": file("env", b"PATH=/usr/bin:/bin\nA='1 2'"),
        "env_from": {"TOKEN": file("secret", b"\xff\n")},
    }
    found = machine.outcome("env", "-0", env=None, path=None, **asked, **fields)
    values = found.encode(errors="surrogateescape").split(b"\0")
    machine.close()
    assert sorted(value for value in values if b"NCOLONY" not in value) == [
        b"",
        b"A=1 2",
        b"PATH=/usr/bin:/bin",
        b"TOKEN=\xff",
    ]


# Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of programs: ``a`` has one that can't be executed, ``b`` one that can."""
    monkeypatch.chdir(tmp_path)
    for folder, mode in (("a", 0o644), ("b", 0o755), ("c", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "web").touch()
        (tmp_path / folder / "web").chmod(mode)
    (tmp_path / "b" / "folder").mkdir()
    (tmp_path / "here").touch()
    (tmp_path / "here").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("b", "b/web"),
        ("b:c", "b/web"),
        ("c:b", "c/web"),
        ("a:missing:b", "b/web"),
        ("a:b/folder:c", "c/web"),
    ],
)
def test_the_first_program_in_the_child_s_own_path_is_taken(
    programs: Path, monkeypatch: pytest.MonkeyPatch, path: str, found: str
) -> None:
    """Not in the monitor's; what can't be executed is passed over."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_program("web", {"PATH": path}) == found


@pytest.mark.parametrize("path", ["", ":b", "b::c"])
def test_an_empty_part_of_path_is_the_working_directory(programs: Path, path: str) -> None:
    """As execvp(3) has it."""
    assert find_program("here", {"PATH": path}) == "./here"


def test_without_path_the_usual_places_are_searched() -> None:
    """/bin and /usr/bin, as the interface says."""
    assert find_program("sh", {}) == "/bin/sh"


@pytest.mark.parametrize("program", ["/bin/sh", "./missing", "a/web"])
def test_a_program_with_a_slash_is_taken_as_it_is(programs: Path, program: str) -> None:
    """Whether it can be executed is the kernel's to say."""
    assert find_program(program, {"PATH": "b"}) == program


@pytest.mark.parametrize(
    ("program", "path", "number"),
    [
        ("missing", "a:b", errno.ENOENT),
        ("folder", "b", errno.ENOENT),
        ("web", "a", errno.EACCES),
        ("web", "a:missing", errno.EACCES),
        ("", "b", errno.ENOENT),
    ],
)
def test_a_program_that_is_not_found_is_an_error(
    programs: Path, program: str, path: str, number: int
) -> None:
    """It says whether there is none, or none that may be executed."""
    with nothing_left(), pytest.raises(OSError) as raised:
        find_program(program, {"PATH": path})
    assert (raised.value.errno, raised.value.filename) == (number, program)


# Signals


@pytest.mark.parametrize("signum", sorted(signal.Signals))
def test_a_signal_s_name_leads_back_to_it(signum: signal.Signals) -> None:
    """With SIG where it is said, without where it is asked for."""
    name = signal_name(signum)
    assert name == signum.name
    assert signal_number(name.removeprefix("SIG")) == signum
    assert signal_number(str(signum.value)) == signum


def test_real_time_signals_count_from_the_first() -> None:
    """Those have no name of their own."""
    for number in range(signal.SIGRTMIN + 1, signal.SIGRTMAX):
        name = signal_name(number)
        assert name == f"SIGRTMIN+{number - signal.SIGRTMIN}"
        assert signal_number(name.removeprefix("SIG")) == number
        assert signal_number(str(number)) == number


@pytest.mark.parametrize(
    "text", ["", "NOPE", "SIGTERM", "RTMIN-1", "term", "0", "33", "65", "-1", "1.0", "\u0661"]
)
def test_what_is_no_signal_is_refused(text: str) -> None:
    """By name without SIG, or by a number that the system has."""
    with pytest.raises(ValueError) as raised:
        signal_number(text)
    assert str(raised.value) == f"{text} is no signal"
