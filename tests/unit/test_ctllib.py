"""The control program's commands as functions."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from colonies import FakeColony, failing, passing, running, stopped

from ncolony import ctllib
from ncolony.control.places import Places


@pytest.fixture
def colony(tmp_path: Path) -> FakeColony:
    return FakeColony(tmp_path)


@pytest.fixture
def live(colony: FakeColony) -> object:
    """A colony whose monitor lives, with a process ``web`` that runs."""
    colony.configure("web")
    colony.report(running("web", fingerprint=colony.fingerprint("web")))
    colony.monitor_starts()
    yield colony
    colony.monitor_ends()


# What the ancestor's callers do.


def test_add_with_the_ancestors_arguments(colony: FakeColony) -> None:
    """By position, as the ancestor's signature says; extras are merged last."""
    places = Places(colony.config, colony.messages)
    extras = {"ncolony.beatcheck": {"period": 1}, "gid": 8}
    ctllib.add(places, "web", "echo", ["a"], ["A=B=C", "D="], 5, 6, extras, ["PATH"])
    assert json.loads((colony.config / "web").read_bytes()) == {
        "args": ["echo", "a"],
        "env": {"A": "B=C", "D": ""},
        "uid": 5,
        "gid": 8,
        "env_inherit": ["PATH"],
        "ncolony.beatcheck": {"period": 1},
    }


def test_add_leaves_out_what_was_not_said(colony: FakeColony) -> None:
    """The shortest call makes the shortest file; no arguments may be said as None."""
    ctllib.add((str(colony.config), str(colony.messages)), "web", "echo", None)
    assert colony.tree() == {"config/web": b'{"args": ["echo"]}'}


def test_env_may_be_a_mapping(colony: FakeColony) -> None:
    """A mapping says the same as a list of NAME=VALUE."""
    ctllib.add(colony.places, "a", "echo", [], env=["A=1"])
    ctllib.add(colony.places, "b", "echo", [], env={"A": "1"}, group=("g",))
    assert json.loads((colony.config / "a").read_bytes()) == {"args": ["echo"], "env": {"A": "1"}}
    assert json.loads((colony.config / "b").read_bytes()) == {
        "args": ["echo"],
        "env": {"A": "1"},
        "group": ["g"],
    }


def test_adding_again_replaces(colony: FakeColony) -> None:
    """A name that is there gets the new configuration."""
    ctllib.add(colony.places, "web", "one", [])
    ctllib.add(colony.places, "web", "two", [])
    assert colony.tree() == {"config/web": b'{"args": ["two"]}'}


def test_remove(colony: FakeColony) -> None:
    """The process's file is gone, the others stay."""
    colony.configure("web", "db")
    ctllib.remove(colony.places, "web")
    assert [p.name for p in colony.config.iterdir()] == ["db"]


@pytest.mark.parametrize(
    ("ask", "request_"),
    [
        (lambda p: ctllib.restart(p, "web"), {"type": "RESTART", "name": "web"}),
        (ctllib.restartAll, {"type": "RESTART-ALL"}),
        (
            lambda p: ctllib.restart_all(p, reason="new key"),
            {"type": "RESTART-ALL", "reason": "new key"},
        ),
        (lambda p: ctllib.restartGroup(p, "g"), {"type": "RESTART-GROUP", "group": "g"}),
        (lambda p: ctllib.start(p, "web"), {"type": "START", "name": "web"}),
        (lambda p: ctllib.stop(p, "web"), {"type": "STOP", "name": "web"}),
        (
            lambda p: ctllib.signal(p, "web", "sighup"),
            {"type": "SIGNAL", "name": "web", "signal": "HUP"},
        ),
        (lambda p: ctllib.signal(p, "web", 1), {"type": "SIGNAL", "name": "web", "signal": "HUP"}),
        (lambda p: ctllib.rotate(p, "web"), {"type": "ROTATE", "name": "web"}),
        (ctllib.rotate_all, {"type": "ROTATE-ALL"}),
        (
            lambda p: ctllib.signal(p, "web", "40"),
            {"type": "SIGNAL", "name": "web", "signal": "40"},
        ),
    ],
)
def test_requests(
    colony: FakeColony, ask: Callable[[object], None], request_: dict[str, str]
) -> None:
    """Each function writes one request, whole; the process need not run, nor a monitor."""
    colony.configure("web", text='{"args": ["x"], "group": ["g"]}')
    ask(Places(colony.config, colony.messages))
    (text,) = colony.asked()
    assert json.loads(text) == request_


def test_requests_are_in_order(colony: FakeColony) -> None:
    """The names of the files sort as they were asked for, and hold the process's id."""
    for i in range(20):
        ctllib.restart(colony.places, f"p{i:02d}")
    names = [json.loads(text)["name"] for text in colony.asked()]
    assert names == [f"p{i:02d}" for i in range(20)]
    assert all(str(os.getpid()) in path.name for path in colony.requests())


def test_a_request_may_come_before_its_process(colony: FakeColony) -> None:
    """As with the ancestor: whether the name is known is for the monitor to judge."""
    ctllib.restart(Places(str(colony.config), str(colony.messages)), "nosuch")
    assert colony.asked() == [b'{"type": "RESTART", "name": "nosuch"}']


def test_main_returns_none_where_all_is_done(colony: FakeColony) -> None:
    """The ancestor's main takes the words after the program's name, with or without ctl."""
    where = ["--messages", str(colony.messages), "--config", str(colony.config)]
    ctllib.main(["ctl", *where, "restart-all"])
    ctllib.main((*where, "restart-all"))
    assert colony.asked() == [b'{"type": "RESTART-ALL"}'] * 2


def test_main_ends_with_the_exit_code(colony: FakeColony) -> None:
    """What fails raises SystemExit, with 1 where it did not happen."""
    where = ["--messages", str(colony.messages), "--config", str(colony.config)]
    with pytest.raises(SystemExit) as caught:
        ctllib.main([*where, "restart", "nosuch"])
    assert caught.value.code == 1


# Refused before anything is written.


BAD_NAMES = [
    "",
    ".",
    "..",
    "a/b",
    "../x",
    "/x",
    ".x",
    "x.new",
    "x~",
    "#x#",
    "a\0b",
    "x" * 256,
    "\ud800",
]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize(
    "ask",
    [
        lambda p, n: ctllib.add(p, n, "echo", []),
        ctllib.remove,
        ctllib.start,
        ctllib.stop,
        ctllib.restart,
        ctllib.rotate,
        ctllib.enable,
        ctllib.disable,
        lambda p, n: ctllib.signal(p, n, "HUP"),
        lambda p, n: ctllib.wait(p, [n]),
    ],
)
def test_bad_names_are_refused(
    colony: FakeColony, name: str, ask: Callable[[object, str], None]
) -> None:
    """What can't be a process's name gets nowhere near a path."""
    with pytest.raises(ctllib.RefusedError, match="not a process's name"):
        ask(colony.places, name)
    assert colony.tree() == {}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"env": ["A"]}, "--env: found 'A'; allowed: NAME=VALUE"),
        ({"env": ["=B"]}, "--env: found '=B'; allowed: NAME=VALUE"),
        ({"env": {"A=B": "C"}}, "A=B"),
        ({"env": {"A": 1}}, "env"),
        ({"env": ["A=\0"]}, "NUL"),
        ({"cmd": ""}, "args"),
        ({"args": ["a\0b"]}, "NUL"),
        ({"args": [1]}, "args"),
        ({"uid": -1}, "uid"),
        ({"gid": 1 << 32}, "gid"),
        ({"env_inherit": [""]}, "env_inherit"),
        ({"extras": ["x"]}, "extras"),
        ({"extras": {"args": "ls"}}, "args"),
        ({"extras": {"x.y": float("nan")}}, "NaN"),
        ({"extras": {"x.y": object()}}, "JSON"),
        ({"extras": {"x.y": "x" * (1 << 20)}}, "1048576"),
    ],
)
def test_bad_configuration_is_refused(
    colony: FakeColony, more: dict[str, object], reason: str
) -> None:
    """What the monitor would refuse isn't written; the one line says what was found."""
    colony.configure("web")
    before = colony.tree()
    call = {"cmd": "echo", "args": [], **more}
    with pytest.raises(ctllib.RefusedError) as caught:
        ctllib.add(colony.places, "web", **call)  # type: ignore[arg-type]
    assert str(caught.value).startswith("cannot add web: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert colony.tree() == before


@pytest.mark.parametrize("signal", ["FOO", "0", "65", "", "-1", "HUP "])
def test_bad_signals_are_refused(colony: FakeColony, signal: str) -> None:
    """A signal that the kernel doesn't know isn't asked for."""
    with pytest.raises(ctllib.RefusedError, match="cannot signal web: found "):
        ctllib.signal(colony.places, "web", signal)
    assert colony.tree() == {}


def test_a_slip_in_a_signal_is_guessed(colony: FakeColony) -> None:
    """The nearest name is told."""
    with pytest.raises(ctllib.RefusedError, match="did you mean 'TERM'"):
        ctllib.signal(colony.places, "web", "TREM")


def test_an_unknown_group_is_refused(colony: FakeColony) -> None:
    """A group that no process is in can't be restarted; unreadable files don't matter."""
    colony.configure("a", text='{"args": ["x"], "group": ["workers"]}')
    colony.configure("b", text="?")
    colony.configure("c", text='{"args": ["x"], "group": 5}')
    before = colony.tree()
    with pytest.raises(ctllib.CtlError, match="no process is in it; did you mean 'workers'"):
        ctllib.restart_group(colony.places, "worker")
    with pytest.raises(ctllib.RefusedError, match="it is empty"):
        ctllib.restart_group(colony.places, "")
    assert colony.tree() == before


def test_removing_an_unknown_name_names_the_nearest(colony: FakeColony) -> None:
    """A slip is told, and nothing is removed."""
    colony.configure("web")
    with pytest.raises(ctllib.CtlError) as caught:
        ctllib.remove(colony.places, "wbe")
    reason = "no process of this name is configured; did you mean 'web'?"
    assert str(caught.value) == f"cannot remove wbe: {reason}"
    assert list(colony.tree()) == ["config/web"]


@pytest.mark.parametrize("call", ["open", "write", "rename"])
def test_a_full_disk_is_told_and_leaves_nothing(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Neither configuration nor requests are left in halves."""

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(
            ctllib.CtlError,
            match=r"cannot add web: cannot write .*/config/web: No space left on device",
        ):
            ctllib.add(colony.places, "web", "echo", [])
        with pytest.raises(ctllib.CtlError, match=r"cannot write a request to .*: No space left"):
            ctllib.restart(colony.places, "web")
    assert colony.tree() == {}


# Waiting until it has happened.


def test_without_a_monitor_the_wait_ends_soon(
    colony: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits in vain; what was written stays for the monitor to find."""
    time = passing(monkeypatch)
    with pytest.raises(ctllib.CtlError, match="cannot add web: the monitor is not running"):
        ctllib.add(colony.places, "web", "echo", [], wait_s=30)
    assert sum(time.pauses_s) < 2.1
    assert list(colony.tree()) == ["config/web"]


def test_a_request_is_rejected_a_moment_after_it_was_taken_up(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two it seems to be accepted; the reason is told all the same."""
    (live.messages / ".rejected").mkdir()
    taken: list[Path] = []

    def take_up() -> None:
        taken.extend(live.requests())
        live.accept()

    def reject() -> None:
        reason = live.messages / ".rejected" / f"{taken[0].name}.reason"
        reason.write_text("no such process\n")

    time = passing(monkeypatch, take_up, lambda: None, reject)
    with pytest.raises(ctllib.CtlError, match="stop web: the monitor rejected it: no such process"):
        ctllib.stop(live.places, "web", wait_s=30)
    assert len(time.pauses_s) == 3


def test_what_was_taken_up_is_not_said_to_stay(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monitor that took a request up and ended has left nothing of it to the next one."""
    why = "the monitor is not running; it had taken up the request$"
    passing(monkeypatch, live.accept, live.monitor_ends)
    with pytest.raises(ctllib.CtlError, match=f"cannot stop web: {why}"):
        ctllib.stop(live.places, "web", wait_s=30)
    live.monitor_starts()
    passing(monkeypatch, live.accept, live.monitor_ends)
    with pytest.raises(ctllib.CtlError, match=f"cannot restart all: {why}"):
        ctllib.restart_all(live.places, wait_s=30)


def test_add_waits_for_its_own_bytes(live: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old configuration running isn't the new one running."""

    def in_force() -> None:
        live.report(running("web", fingerprint=live.fingerprint("web")))

    time = passing(monkeypatch, lambda: None, in_force)
    ctllib.add(live.places, "web", "other", [], wait_s=30)
    assert len(time.pauses_s) == 2


def test_add_says_why_it_does_not_run(live: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that dies at once ends the wait with the monitor's reason."""

    def dies() -> None:
        live.report(failing("web", fingerprint=live.fingerprint("web")))

    passing(monkeypatch, dies)
    with pytest.raises(ctllib.CtlError) as caught:
        ctllib.add(live.places, "web", "false", [], wait_s=30)
    assert str(caught.value) == "cannot add web: it is BACKOFF: exited with code 3 after 0.0 s"


def test_remove_waits_until_it_is_gone(live: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal has happened when the monitor forgot the process."""
    stopping = running("web", state="STOPPING")
    time = passing(monkeypatch, lambda: live.report(stopping), (live.status / "web").unlink)
    ctllib.remove(live.places, "web", wait_s=30)
    assert len(time.pauses_s) == 2


def test_restart_waits_for_another_start(live: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepted isn't restarted: another start must be seen running."""
    stopping, again = running("web", state="STOPPING"), running("web", starts=4)
    time = passing(
        monkeypatch, live.accept, lambda: live.report(stopping), lambda: live.report(again)
    )
    ctllib.restart(live.places, "web", wait_s=30)
    assert len(time.pauses_s) == 3


@pytest.mark.parametrize(
    "ask",
    [
        ctllib.start,
        ctllib.stop,
        ctllib.restart,
        ctllib.rotate,
        lambda p, n, wait_s: ctllib.signal(p, n, "HUP", wait_s=wait_s),
    ],
)
def test_a_rejected_request_is_told(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., None]
) -> None:
    """The monitor's reason for a rejection is the reason that is given."""
    passing(monkeypatch, partial(live.reject, "nothing of this name"))
    with pytest.raises(ctllib.CtlError, match="web: the monitor rejected it: nothing of this name"):
        ask(live.places, "web", wait_s=30)


def test_stop_start_signal_and_rotate_wait(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each returns once what it asked for can be seen."""
    time = passing(
        monkeypatch,
        live.accept, lambda: live.report(stopped("web")),
        live.accept, lambda: live.report(running("web", starts=4)),
        live.accept, live.accept, live.accept,
    )  # fmt: skip
    ctllib.stop(live.places, "web", wait_s=30)
    ctllib.start(live.places, "web", wait_s=30)
    ctllib.signal(live.places, "web", "HUP", wait_s=30)
    ctllib.rotate(live.places, "web", wait_s=30)
    ctllib.rotate_all(live.places, wait_s=30)
    assert (len(time.pauses_s), time.steps, live.requests()) == (7, [], [])


def test_a_monitor_that_does_nothing_is_told(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time is up, the line says how far it came."""
    passing(monkeypatch)
    with pytest.raises(ctllib.CtlError) as caught:
        ctllib.restart(live.places, "web", wait_s=2)
    why = "not within 2 s; the monitor has not taken up the request yet"
    assert str(caught.value) == f"cannot restart web: {why}"


def test_what_was_refused_before_is_not_waited_for_in_vain(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FAILED that is still there when the status must be newer than the request is final."""
    live.report(running("web", state="FAILED", reason="args: missing"))
    time = passing(monkeypatch, live.accept)
    with pytest.raises(ctllib.CtlError, match="cannot start web: it is FAILED: args: missing"):
        ctllib.start(live.places, "web", wait_s=30)
    assert 0.4 < time.now - 1000 < 0.6
    fixed = running("web", starts=4)
    passing(monkeypatch, live.accept, lambda: None, lambda: live.report(fixed))
    ctllib.restart(live.places, "web", wait_s=30)


def test_restart_all_waits_for_those_that_ran(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped ones stay down and aren't waited for; what fails is named."""
    live.report(running("db"), stopped("old"))
    time = passing(
        monkeypatch,
        live.accept,
        lambda: live.report(running("db", starts=4)),
        lambda: live.report(running("web", starts=4)),
    )
    ctllib.restart_all(live.places, wait_s=30)
    assert len(time.pauses_s) == 3
    passing(monkeypatch, live.accept, lambda: live.report(failing("web"), running("db", starts=5)))
    with pytest.raises(ctllib.CtlError, match="cannot restart all: web: it is BACKOFF: exited"):
        ctllib.restart_all(live.places, wait_s=30)


def test_restart_group_waits_for_its_members(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the group's processes matter."""
    live.configure("db", text='{"args": ["x"], "group": ["g"]}')
    live.report(running("db"))
    time = passing(monkeypatch, live.accept, lambda: live.report(running("db", starts=4)))
    ctllib.restart_group(live.places, "g", wait_s=30)
    assert len(time.pauses_s) == 2


def test_wait_until_all_run(live: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """Returns when the last of them runs; one that failed may yet come to run."""
    live.configure("db")
    live.report(failing("db"))
    time = passing(monkeypatch, lambda: None, lambda: live.report(running("db")))
    ctllib.wait(live.places, ["web", "db"])
    assert len(time.pauses_s) == 2


@pytest.mark.parametrize("state", ["EXITED", "FAILED"])
def test_a_wait_for_what_ended_for_good_is_not_in_vain(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """It ends when what is said must be new, whatever the others do."""
    live.configure("job", "db")
    seen = live.fingerprint("job")
    live.report(running("job", state=state, reason="over", fingerprint=seen), failing("db"))
    time = passing(monkeypatch)
    with pytest.raises(ctllib.CtlError, match=f"cannot wait for job db: job: it is {state}: over"):
        ctllib.wait(live.places, ["job", "db"])
    assert 0.4 < time.now - 1000 < 0.6
    ctllib.wait(live.places, ["job"], "stopped")


def test_what_is_said_of_an_older_file_is_not_final(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the monitor has not read the newest file yet, the wait goes on."""
    live.configure("job")
    live.report(running("job", state="EXITED", fingerprint="old"))
    passing(monkeypatch, *[lambda: None] * 100, lambda: live.report(running("job")))
    ctllib.wait(live.places, ["job"])
    live.report(running("job", state="FAILED", refused="bad", refused_fingerprint="old"))
    passing(monkeypatch, *[lambda: None] * 100, lambda: live.report(running("job")))
    ctllib.wait(live.places, ["job"])


def test_adding_what_was_refused_before_is_not_waited_for(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words refused again are told at once: the monitor says which file it refuses."""
    time = passing(monkeypatch)
    ctllib.add(live.places, "web", "x", [])
    refused = running("web", refused="no user", refused_fingerprint=live.fingerprint("web"))
    live.report(refused)
    with pytest.raises(ctllib.CtlError, match="cannot add web: it is RUNNING: no user"):
        ctllib.add(live.places, "web", "x", [], wait_s=30)
    assert time.pauses_s == []


def test_adding_what_is_not_enabled_waits_until_it_is_down(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disabled process is as it was asked for when nothing of it runs."""

    def down() -> None:
        live.report(stopped("web", fingerprint=live.fingerprint("web")))

    time = passing(monkeypatch, lambda: None, down)
    ctllib.add(live.places, "web", "x", [], extras={"enabled": False}, wait_s=30)
    assert len(time.pauses_s) == 2


def test_adding_a_job_waits_until_it_is_done(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ran to its good end between two looks has run."""

    def done() -> None:
        now = running("web", state="EXITED", success=True, fingerprint=live.fingerprint("web"))
        live.report(now)

    time = passing(monkeypatch, done)
    ctllib.add(live.places, "web", "x", [], extras={"restart": "never"}, wait_s=30)
    assert len(time.pauses_s) == 1


def test_wait_until_stopped_takes_a_removed_one_for_stopped(
    live: FakeColony, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the process went before or during the wait makes no difference."""
    passing(monkeypatch, lambda: live.report(stopped("web")))
    ctllib.wait(live.places, ["web", "gone"], "stopped", 5)


def test_waiting_for_an_unknown_one_to_run_is_refused(live: FakeColony) -> None:
    """A slip in a name isn't waited for."""
    with pytest.raises(ctllib.CtlError, match=r"cannot wait for wbe: .*did you mean 'web'"):
        ctllib.wait(live.places, ["wbe"])


def test_wait_waits_for_the_monitor(colony: FakeColony, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dead monitor left doesn't count as running."""
    colony.configure("web")
    colony.report(running("web"))
    time = passing(monkeypatch, lambda: None, colony.monitor_starts)
    ctllib.wait(colony.places, ["web"])
    colony.monitor_ends()
    assert time.pauses_s == [0.05, 0.05]


def test_status_and_monitor_are_readable(live: FakeColony) -> None:
    """Programs get values, not text."""
    record = running("web", fingerprint=live.fingerprint("web"))
    assert ctllib.status(live.places) == {"web": record}
    assert ctllib.status(live.places, ["nosuch"]) == {}
    assert ctllib.monitor(live.places) is None
    assert ctllib.monitor_is_running(live.places)
