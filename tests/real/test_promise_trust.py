"""A monitor of root's takes no orders from files that others can write."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from colony import LAUNCHES, NOBODY, Colony, until

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's monitor asks who may write")

#: Where only a clock helps, it helps soon.
OFTEN = ("--frequency", "0.3")
REFUSED = 77


def launched(colony: Colony, *options: str, launch: str = "run") -> tuple[int, str]:
    """Start a monitor that doesn't stay: its exit code, and what it says."""
    with open(colony.log_path, "wb") as log:
        done = subprocess.run(
            [*LAUNCHES[launch], "--colony", str(colony.root), *options],
            stdout=log,
            stderr=log,
            timeout=60,
            check=False,
            cwd=colony.root,
        )
    return done.returncode, colony.log().decode()


def chmod(mode: int) -> Callable[[Path], None]:
    return lambda path: path.chmod(mode)


def given_away(path: Path) -> None:
    """It is nobody's: a user that every system has."""
    os.chown(path, NOBODY, -1)


def taken_back(path: Path) -> None:
    os.chown(path, 0, 0)
    path.chmod(0o755 if path.is_dir() else 0o644)


SPOILT: list[Any] = [
    pytest.param(chmod(0o777), "others may write to it (drwxrwxrwx); chmod go-w", id="others"),
    pytest.param(chmod(0o1777), "others may write to it (drwxrwxrwt); chmod go-w", id="sticky"),
    pytest.param(
        chmod(0o775), "group root may write to it (drwxrwxr-x); chmod g-w, or --trust :root",
        id="group",
    ),
    pytest.param(
        given_away, "it belongs to user nobody (drwxr-xr-x); chown it, or --trust nobody",
        id="owner",
    ),
]  # fmt: skip


def refused(colony: Colony, name: str) -> str:
    """Why a file that is there isn't used, once that is said."""

    def found() -> str | None:
        now = colony.of(name)
        return now and now["refused"]

    return until(found, f"{name} is refused")


def accepted(colony: Colony, name: str) -> None:
    until(lambda: (now := colony.of(name)) and not now["refused"], f"{name} is accepted")


def warned(colony: Colony, text: str) -> None:
    def found() -> bool:
        now = colony.monitor_status()
        return now is not None and any(text in warning for warning in now["warnings"])

    until(found, f"a warning has {text!r}")


def no_warning(colony: Colony) -> None:
    until(lambda: (now := colony.monitor_status()) and not now["warnings"], "no warning is left")


# At the start


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_monitor_does_not_start_on_a_bad_directory(
    colony: Colony, spoil: Callable[[Path], None], said: str
) -> None:
    """One line says which it is, why, and what helps; nothing is made."""
    spoil(colony.config)
    line = f"ncolony: cannot start: cannot trust {colony.config}: {said} (or --trust-anyone)\n"
    assert launched(colony) == (REFUSED, line)
    assert list(colony.status.iterdir()) == []


@pytest.mark.parametrize("name", ["config", "messages", "status", "logs", "pids", "."])
def test_each_directory_counts_and_what_is_above_it(colony: Colony, name: str) -> None:
    """Whoever may write to one of them can be root by that."""
    for other in ("pids", "logs"):
        (colony.root / other).mkdir()
    (colony.root / name).chmod(0o777)
    code, said = launched(colony, "--pid", str(colony.root / "pids"))
    where = str((colony.root / name).resolve())
    assert code == REFUSED
    assert f"{where}: others may write to it (drwxrwxrwx)" in said
    assert said.count("\n") == 1


def test_a_directory_that_is_not_there_yet_has_a_way_to_it(colony: Colony) -> None:
    """It isn't made where others could put another."""
    above = colony.root / "open"
    above.mkdir()
    above.chmod(0o777)
    code, said = launched(colony, "--status", str(above / "a" / "status"))
    assert code == REFUSED
    assert f"{above}: others may write to it" in said
    assert list(above.iterdir()) == []


def test_a_link_is_followed(colony: Colony) -> None:
    """Where it leads counts."""
    real = colony.root / "real"
    colony.config.rename(real)
    colony.config.symlink_to("real")
    given_away(real)
    code, said = launched(colony)
    assert code == REFUSED
    assert f"cannot trust {colony.config}: {real}: it belongs to user nobody" in said


@pytest.mark.parametrize("launch", ["twist", "twistd"])
def test_twisted_s_own_ways_refuse_as_well(colony: Colony, launch: str) -> None:
    """With the same line and the same exit code."""
    colony.messages.chmod(0o777)
    code, said = launched(colony, launch=launch)
    assert code == REFUSED
    assert f"ncolony: cannot start: cannot trust {colony.messages}: others may write to it" in said
    assert "Traceback" not in said
    assert list(colony.status.iterdir()) == []


def test_a_user_can_be_trusted(colony: Colony) -> None:
    """With what it owns, and nobody else."""
    given_away(colony.root)
    given_away(colony.config)
    colony.configure("web")
    colony.configure("db")
    given_away(colony.config / "web")
    os.chown(colony.config / "db", NOBODY - 1, -1)
    assert launched(colony)[0] == REFUSED
    colony.start("--trust", "nobody")
    colony.running("web")
    assert "it belongs to user 65533" in refused(colony, "db")


def test_a_group_can_be_trusted(colony: Colony) -> None:
    """It may write to everything; who owns a file is another question."""
    for path in (colony.root, colony.config):
        os.chown(path, 0, NOBODY)
        path.chmod(0o2775)
    colony.configure("web")
    (colony.config / "web").chmod(0o664)
    assert launched(colony)[0] == REFUSED
    colony.start("--trust", f":{NOBODY}")
    colony.running("web")


def test_the_check_can_be_switched_off(colony: Colony) -> None:
    """For a container whose users are all the same to it, say."""
    for path in (colony.root, colony.config, colony.messages):
        path.chmod(0o777)
    colony.configure("web")
    given_away(colony.config / "web")
    colony.start("--trust-anyone")
    pid = colony.running("web")
    aside = colony.messages / ".aside"
    aside.write_text('{"type": "RESTART", "name": "web"}')
    given_away(aside)
    aside.rename(colony.messages / "m")
    colony.running("web", other_than=pid)


def test_an_unknown_user_is_a_wrong_option(colony: Colony) -> None:
    """Before anything is looked at."""
    code, said = launched(colony, "--trust", "no-such-user")
    assert (code, said.count("\n")) == (2, 1)
    assert said.startswith("ncolony: --trust: found 'no-such-user'; allowed: a user, or :GROUP")


# While it runs


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (chmod(0o666), "others may write to it (-rw-rw-rw-); chmod go-w"),
        (chmod(0o664), "group root may write to it (-rw-rw-r--); chmod g-w, or --trust :root"),
        (given_away, "it belongs to user nobody (-rw-r--r--); chown it, or --trust nobody"),
    ],
    ids=["others", "group", "owner"],
)
def test_a_file_that_others_may_write_is_refused(
    colony: Colony, spoil: Callable[[Path], None], said: str
) -> None:
    """What ran before goes on; others don't mind; mended, it is as if nothing had been."""
    colony.configure("web")
    colony.configure("other")
    colony.start()
    pid = colony.running("web")
    spoil(colony.config / "web")
    assert refused(colony, "web") == f"cannot use {colony.config}/web: {said}"
    (colony.config / "web").write_bytes(b'{"args": ["sleep", "1"]}')
    colony.configure("other", env={"A": "1"})
    until(lambda: (now := colony.of("other")) and now["starts"] == 2, "other was changed")
    assert colony.running("web") == pid
    colony.configure("web")
    accepted(colony, "web")
    assert (colony.running("web"), (colony.of("other") or {})["refused"]) == (pid, None)


def test_a_new_file_of_somebody_else_s_starts_nothing(colony: Colony) -> None:
    """Until it is given to root."""
    colony.start()
    aside = colony.config / ".aside"
    aside.write_text(json.dumps({"args": ["sleep", "infinity"], "mark": colony.mark}))
    given_away(aside)
    aside.rename(colony.config / "web")
    assert colony.until_state("web", "FAILED")["refused"] == (
        f"cannot use {colony.config}/web: it belongs to user nobody (-rw-r--r--);"
        " chown it, or --trust nobody"
    )
    taken_back(colony.config / "web")
    colony.running("web")


@pytest.mark.parametrize("spoil", [chmod(0o777), given_away], ids=["others", "owner"])
def test_a_directory_that_turns_bad_changes_nothing(
    colony: Colony, spoil: Callable[[Path], None]
) -> None:
    """It is warned of at once. When it is right again, all that happened meanwhile counts."""
    colony.configure("web")
    colony.configure("gone")
    colony.start()
    pid = colony.running("web")
    colony.running("gone")
    spoil(colony.config)
    warned(colony, f"cannot look at {colony.config}: ")
    colony.configure("web", env={"A": "1"})
    colony.configure("new")
    colony.remove("gone")
    file_name = colony.ask("RESTART", "new")  # carried out after the look that passes new over
    until(lambda: colony.rejected(file_name), "there is no new one")
    assert colony.running("web") == pid
    assert (colony.of("gone") or {})["state"] == "RUNNING"
    taken_back(colony.config)
    colony.running("web", other_than=pid)
    colony.running("new")
    colony.gone("gone")
    no_warning(colony)


def test_another_directory_in_its_place_changes_nothing(colony: Colony) -> None:
    """Even one of root's: a folder above was open, and who knows who put it there."""
    above = colony.root / "above"
    above.mkdir()
    colony.config.rename(above / "config")
    colony.config = above / "config"
    colony.configure("web")
    colony.start("--config", str(colony.config), *OFTEN)
    pid = colony.running("web")
    above.chmod(0o777)
    colony.config.rename(above / "away")
    colony.config.mkdir()
    colony.configure("planted")
    warned(colony, f"cannot look at {colony.config}: {above}: others may write to it")
    assert colony.of("planted") is None
    assert colony.running("web") == pid
    shutil.rmtree(colony.config)
    (above / "away").rename(colony.config)
    taken_back(above)
    no_warning(colony)
    assert colony.running("web") == pid


def test_a_request_of_somebody_else_s_is_rejected(colony: Colony) -> None:
    """With a reason; one of root's is carried out."""
    colony.configure("web")
    colony.start()
    pid = colony.running("web")
    aside = colony.messages / ".aside"
    aside.write_text('{"type": "RESTART", "name": "web"}')
    given_away(aside)
    aside.rename(colony.messages / "m")
    reason = "it belongs to user nobody (-rw-r--r--); chown it, or --trust nobody"
    assert until(lambda: colony.rejected("m"), "it is rejected") == reason
    assert colony.running("web") == pid
    colony.ask("RESTART", "web")
    colony.running("web", other_than=pid)


def test_requests_wait_in_a_directory_that_others_may_write_to(colony: Colony) -> None:
    """They are carried out when it is right again."""
    colony.configure("web")
    colony.start()
    pid = colony.running("web")
    colony.messages.chmod(0o777)
    colony.ask("RESTART", "web")
    warned(colony, f"cannot look at {colony.messages}: others may write to it (drwxrwxrwx)")
    assert colony.running("web") == pid
    colony.messages.chmod(0o755)
    colony.running("web", other_than=pid)
    no_warning(colony)


def test_a_link_to_where_others_may_write(colony: Colony) -> None:
    """The folder that the file lies in counts as well, though nobody tells of its changes."""
    away = colony.root / "away"
    away.mkdir()
    colony.start(*OFTEN)
    contents = {"args": ["sleep", "infinity"], "mark": colony.mark}
    (away / "web").write_text(json.dumps(contents))
    (colony.config / "web").symlink_to("../away/web")
    pid = colony.running("web")
    away.chmod(0o777)
    (away / "web").write_text(json.dumps({**contents, "env": {"A": "1"}}))
    said = f"cannot use {colony.config}/web: {away}: others may write to it (drwxrwxrwx)"
    assert refused(colony, "web").startswith(said)
    assert colony.running("web") == pid
    away.chmod(0o755)
    colony.running("web", other_than=pid)


def test_a_config_map_is_obeyed(colony: Colony) -> None:
    """A swap within the directory, as Kubernetes does it."""
    for version, env in (("..1", {}), ("..2", {"A": "1"})):
        (colony.config / version).mkdir()
        contents = {"args": ["sleep", "infinity"], "mark": colony.mark, "env": env}
        (colony.config / version / "web").write_text(json.dumps(contents))
    (colony.config / "..data").symlink_to("..1")
    (colony.config / "web").symlink_to("..data/web")
    colony.start()
    pid = colony.running("web")
    (colony.config / "..data_tmp").symlink_to("..2")
    (colony.config / "..data_tmp").rename(colony.config / "..data")
    colony.running("web", other_than=pid)


# What it makes


def writable_by_others(top: Path) -> dict[str, str]:
    """What is below that a group or others may write to."""
    found = {}
    for path in top.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a file has another name while it is written
            mode = path.lstat().st_mode
            if mode & 0o022 and not stat.S_ISLNK(mode):
                found[str(path.relative_to(top))] = stat.filemode(mode)
    return found


def test_nothing_it_makes_is_for_others_to_write(colony: Colony, tmp_path: Path) -> None:
    """Though the umask that it was started with is 0."""
    made = colony.root / "made"
    colony.status = made / "a" / "status"
    (colony.root / "pids").mkdir(mode=0o755)
    options = ("--status", str(colony.status), "--pid", str(colony.root / "pids"))
    colony.start(*options, umask=0)
    colony.configure("web")
    colony.running("web")
    colony.send(b"nonsense")
    until(lambda: any(colony.messages.glob(".rejected/*.reason")), "it is rejected")
    until(lambda: (colony.monitor_status() or {})["rejected"], "the status says so")
    assert writable_by_others(tmp_path) == {}
    assert colony.stop() == 0
    assert writable_by_others(tmp_path) == {}
