"""What has to be right before a monitor begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ncolony import beginning
from ncolony.beginning import prepare
from ncolony.exits import ANOTHER_RUNS, CANNOT_CREATE, NOT_TRUSTED, CannotStart
from ncolony.lock import Locked, take_lock
from ncolony.options import Options
from reactors import no_descriptor_free, nothing_left


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda duration_s: None)
    monkeypatch.delenv("NCOLONY_DIR", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "colony").mkdir()
    return tmp_path / "colony"


def options(folder: Path, *argv: str) -> Options:
    found = Options()
    found.parseOptions(["--colony", str(folder), *argv])
    return found


def refusal(asked: Options) -> tuple[int, str]:
    """Why a monitor can't begin: its exit code, and a line."""
    with nothing_left(), pytest.raises(CannotStart) as raised:
        prepare(asked)
    assert "\n" not in str(raised.value)
    return raised.value.exit_code, str(raised.value)


def test_what_is_missing_is_made_and_locked(folder: Path) -> None:
    """An empty directory is enough; log files' is made when it is needed."""
    (folder / "config").mkdir()
    (folder / "config" / "web").write_text("{}")
    with nothing_left():
        lock = prepare(options(folder))
        assert sorted(os.listdir(folder)) == ["config", "messages", "status"]
        assert (folder / "config" / "web").read_text() == "{}"
        with pytest.raises(Locked):
            take_lock(str(folder / "status"))
        lock.release()


def test_what_is_made_can_be_written_by_nobody_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the umask was when the monitor was started."""
    before = os.umask(0)
    try:
        prepare(options(folder)).release()
    finally:
        os.umask(before)
    for name in ("config", "messages", "status"):
        assert (folder / name).stat().st_mode & 0o777 == 0o755


def test_a_status_directory_is_made_with_all_above_it(folder: Path) -> None:
    """``--status`` may name one that isn't there yet."""
    prepare(options(folder, "--status", str(folder / "a" / "b"))).release()
    assert (folder / "a" / "b" / ".lock").exists()


def test_a_second_monitor_does_not_begin(folder: Path) -> None:
    """It says on which directory another one runs."""
    first = prepare(options(folder))
    code, said = refusal(options(folder))
    assert (code, said) == (
        ANOTHER_RUNS,
        f"cannot start: another monitor runs on {folder}/status",
    )
    first.release()


@pytest.mark.parametrize("place", ["file", "file/status"])
def test_a_directory_that_cannot_be_made_ends_it(folder: Path, place: str) -> None:
    """With a line that says which, and why."""
    (folder / "file").touch()
    code, said = refusal(options(folder, "--status", f"{folder}/{place}"))
    assert (code, said) == (
        CANNOT_CREATE,
        f"cannot start: cannot make {folder}/{place}: File exists",
    )


def test_a_folder_that_is_a_file_ends_it(folder: Path) -> None:
    """Where a colony's own folders belong."""
    (folder / "messages").touch()
    code, said = refusal(options(folder))
    assert (code, said) == (
        CANNOT_CREATE,
        f"cannot start: cannot make {folder}/messages: File exists",
    )


def test_a_lock_that_cannot_be_had_ends_it(folder: Path) -> None:
    """For another reason than that somebody has it."""
    (folder / "status" / ".lock").mkdir(parents=True)
    code, said = refusal(options(folder))
    assert (code, said) == (
        CANNOT_CREATE,
        f"cannot start: cannot lock {folder}/status: Is a directory",
    )


def test_a_full_table_of_descriptors_ends_it(folder: Path) -> None:
    """Which is no other monitor."""
    (folder / "status").mkdir()
    asked = options(folder)
    with no_descriptor_free(), pytest.raises(CannotStart) as raised:
        prepare(asked)
    assert raised.value.exit_code == CANNOT_CREATE


def test_directories_that_others_can_write_to_end_it_before_any_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them are looked at, those that aren't there yet by their ways."""
    asked = options(folder, "--pid", str(folder))
    looked: list[str] = []

    def check(paths: object, trust: object) -> str:
        looked.extend(paths)  # type: ignore[call-overload]
        return "cannot trust /x"

    monkeypatch.setattr(beginning, "check_directories", check)
    assert refusal(asked) == (NOT_TRUSTED, "cannot start: cannot trust /x")
    names = ("config", "messages", "status", "logs")
    assert sorted(looked) == sorted([str(folder), *(f"{folder}/{name}" for name in names)])
    assert os.listdir(folder) == []
