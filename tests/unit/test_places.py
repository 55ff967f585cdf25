"""Which directories the control program works with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ncolony.control.errors import RefusedError
from ncolony.control.places import Colony, Places, colony_of, in_folder, locate


def made(folder: Path) -> Colony:
    for part in ("config", "messages", "status"):
        (folder / part).mkdir(parents=True)
    return in_folder(folder)


def test_places_unpack_in_two() -> None:
    """The ancestor's Places is a pair, by position and by name."""
    config, messages = Places("c", "m")
    assert (config, messages) == ("c", "m")
    assert Places(config="c", messages="m") == ("c", "m")


@pytest.mark.parametrize("pair", [("c", "m"), Places(Path("c"), Path("m")), Places(b"c", b"m")])
def test_status_lies_in_messages_where_nothing_else_is_said(pair: Places) -> None:
    """Any pair of paths is a colony whose status is MESSAGES/.status."""
    assert colony_of(pair) == Colony("c", "m", "m/.status")


def test_a_colony_stays_what_it_is() -> None:
    """Three directories, or four, are taken as they are."""
    assert colony_of(Colony("c", "m", "s")) == Colony("c", "m", "s")
    assert colony_of(Colony("c", "m", "s", "l")) == Colony("c", "m", "s", "l")


def test_nul_in_a_path_is_refused() -> None:
    """A path that no system call takes is refused with a line."""
    with pytest.raises(RefusedError, match="NUL byte"):
        colony_of(("c\0", "m"))


def test_colony_option_names_all(tmp_path: Path) -> None:
    """--colony DIR stands for the four folders in it."""
    colony = made(tmp_path)
    assert locate({"colony": str(tmp_path)}, {}) == colony
    assert locate({}, {"NCOLONY_DIR": str(tmp_path)}) == colony


def test_single_options_win_over_colony(tmp_path: Path) -> None:
    """--config, --messages, --status and --logs each replace one directory of --colony."""
    base = made(tmp_path)
    other = made(tmp_path / "other")
    options = {"colony": str(tmp_path), "config": other.config, "status": other.status}
    expected = base._replace(config=other.config, status=other.status)
    assert locate(options, {}) == expected
    assert locate({**options, "logs": "/l"}, {}) == expected._replace(logs="/l")


def test_config_and_messages_leave_the_environment_no_say(tmp_path: Path) -> None:
    """With both of the ancestor's options, the status is where such a monitor writes it."""
    colony = made(tmp_path)
    options = {"config": colony.config, "messages": colony.messages}
    found = locate(options, {"NCOLONY_DIR": "/elsewhere"})
    below = f"{colony.messages}/.status", "", f"{colony.messages}/.jobs"
    assert found == Colony(colony.config, colony.messages, *below)


def test_where_jobs_are(tmp_path: Path) -> None:
    """In the colony's folder, beside the requests, or where they are said to be."""
    colony = made(tmp_path)
    jobs = tmp_path / "other"
    jobs.mkdir()
    named = {"jobs": str(jobs)}
    pair = {"config": colony.config, "messages": colony.messages}
    assert locate({"colony": str(tmp_path)}, {}, ("jobs",)).jobs == f"{tmp_path}/jobs"
    assert locate(pair, {}, ("jobs",)).jobs == f"{colony.messages}/.jobs"
    assert locate({**pair, **named}, {}, ("jobs",)).jobs == str(jobs)
    assert locate(named, {"NCOLONY_DIR": str(tmp_path)}, ("jobs",)) == colony._replace(**named)
    assert locate(named, {}, ("jobs",)) == Colony("", "", f"{jobs}/.status", "", str(jobs))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "give --colony DIR, set NCOLONY_DIR"),
        ({"config": "/"}, "cannot find the messages directory"),
        ({"jobs": "/nowhere"}, "cannot find the config directory"),
        ({"config": "/nowhere", "messages": "/"}, "/nowhere: no such directory"),
        ({"config": "/etc/passwd", "messages": "/"}, "/etc/passwd: it is not a directory"),
    ],
)
def test_missing_directories_are_refused(options: dict[str, str | None], reason: str) -> None:
    """A directory that isn't said, or isn't there, is a usage error of one line."""
    with pytest.raises(RefusedError) as caught:
        locate(options, {})
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
