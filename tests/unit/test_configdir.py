"""The configuration directory, when it changes in the midst of a look."""

from __future__ import annotations

import errno

import pytest

from ncolony.configdir import ConfigDir
from ncolony.model import Configured, Removed
from ncolony.testing import SimulatedSystem

CONFIG = "/config"
GOOD = b'{"args": ["sleep", "1"]}'


@pytest.fixture
def system() -> SimulatedSystem:
    found = SimulatedSystem()
    found.make_directory(CONFIG)
    for name in ("web", "db"):
        found.put(f"{CONFIG}/{name}", GOOD)
    found.advance(10)
    return found


def looked(system: SimulatedSystem) -> ConfigDir:
    """A directory that was looked at once."""
    config = ConfigDir(system, CONFIG)
    assert {type(change) for change in config.look().values()} == {Configured}
    assert config.look() == {}
    return config


@pytest.mark.parametrize("call", ["stamp", "read"])
@pytest.mark.parametrize("names", [None, frozenset({"web"})])
def test_a_directory_that_is_away_for_an_instant_stops_nothing(
    system: SimulatedSystem, call: str, names: frozenset[str] | None
) -> None:
    """Moved away and back between two of the look's own steps: what is listed isn't gone."""
    config = looked(system)
    for name in ("web", "db"):
        system.put(f"{CONFIG}/{name}", GOOD + b" ")
    system.advance(10)
    system.faults.fail(call, errno.ENOENT)
    assert config.look(names) == {}
    system.faults.mend()
    assert set(config.look()) == {"web", "db"}
    assert config.look() == {}


def test_what_is_removed_is_gone(system: SimulatedSystem) -> None:
    """And nothing but that."""
    config = looked(system)
    system.remove(CONFIG, "web")
    assert config.look() == {"web": Removed()}
    assert config.look(frozenset({"web", "db"})) == {}


def test_what_is_removed_and_back_in_the_midst_of_a_look_is_looked_at_again(
    system: SimulatedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new contents count, at the next look that its notice leads to."""
    config = looked(system)
    system.remove(CONFIG, "web")
    names = system.names

    def back(directory: str) -> list[str]:
        system.put(f"{CONFIG}/web", b'{"args": ["sleep", "2"]}')
        return names(directory)

    monkeypatch.setattr(system, "names", back)
    assert config.look(frozenset({"web"})) == {}
    system.advance(10)
    (change,) = config.look(frozenset({"web"})).values()
    assert isinstance(change, Configured)
    assert change.spec.args == ("sleep", "2")


def test_a_directory_that_is_gone_stops_nothing(system: SimulatedSystem) -> None:
    """It is to be seen that it is, and all is looked at when it is back."""
    config = looked(system)
    system.faults.fail("names", errno.ENOENT)
    system.faults.fail("stamp", errno.ENOENT)
    assert config.look() == {}
    assert config.look(frozenset({"web"})) == {}
    assert config.trouble == f"cannot look at {CONFIG}: No such file or directory"
    system.faults.mend()
    assert Removed() not in config.look(frozenset({"web"})).values()
    assert config.trouble is None
