"""A process's file: what is taken, what is refused and in which words."""

from __future__ import annotations

import json

import pytest
from timing import took_s

from builders import a_file
from ncolony.context import ExecContext
from ncolony.faults import Fault, shown
from ncolony.fields import FIELDS
from ncolony.logspec import LogSpec
from ncolony.policy import GiveUp
from ncolony.spec import MAX_BYTES, MAX_WARNINGS, ProcessSpec, SpecError, parse
from ncolony.values import MAX_ID

ARGS = "allowed: a list of strings, the first of them the program"
STRINGS = "allowed: a list of strings"
ID = f"allowed: a name, or a whole number from 0 to {MAX_ID}; or null"
SECONDS = 'allowed: seconds, not below 0, or a string like "90s", "10m", "1h", "7d"'


def faults(text: bytes) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse("web", text)
    assert str(caught.value) == "; ".join(map(str, caught.value.faults))
    return [str(fault) for fault in caught.value.faults]


def test_every_key_is_taken() -> None:
    """All of what a file may hold, and the file itself to the byte."""
    text = b"""{
        "args": ["web", ""], "env": {"A": "1", "B": ""}, "env_inherit": ["PATH"],
        "env_file": ["/a", "/b"], "env_from": {"KEY": "/run/key"}, "group": ["g", "h"],
        "enabled": false, "restart": "on-failure", "success": [0, 3, "TERM"], "threshold": "2m",
        "minrestartdelay": 2, "maxrestartdelay": 0.5, "jitter": 0.5,
        "give_up": {"failures": 5, "within": 60}, "essential": true, "stop_signal": "SIGINT",
        "killtime": 9, "kill_mode": "process", "log": {"to": "files", "max_size": "1M"},
        "uid": 0, "gid": "www", "supplementary_groups": ["adm", 7], "cwd": "/srv", "umask": "027",
        "limits": {"nofile": 64, "core": [0, "unlimited"]}, "nice": -5, "oom_score_adj": 500,
        "no_new_privs": true, "ncolony.beatcheck": {"period": 1}
    }"""
    assert parse("web", text) == ProcessSpec(
        "web",
        text,
        args=("web", ""),
        env=(("A", "1"), ("B", "")),
        env_inherit=("PATH",),
        env_file=("/a", "/b"),
        env_from=(("KEY", "/run/key"),),
        group=("g", "h"),
        enabled=False,
        policy=(
            ("restart", "on-failure"),
            ("success", frozenset({0, 3, "SIGTERM"})),
            ("threshold_s", 120.0),
            ("min_delay_s", 2.0),
            ("max_delay_s", 0.5),
            ("jitter", 0.5),
            ("give_up", GiveUp(5, 60.0)),
            ("essential", True),
            ("stop_signal", "INT"),
            ("killtime_s", 9.0),
            ("kill_mode", "process"),
        ),
        log=LogSpec(to="files", max_size=1 << 20),
        context=ExecContext(
            uid=0,
            gid="www",
            supplementary_groups=("adm", 7),
            cwd="/srv",
            umask=0o27,
            limits=(("core", (0, None)), ("nofile", (64, 64))),
            nice=-5,
            oom_score_adj=500,
            no_new_privs=True,
        ),
    )
    assert set(FIELDS) == set(json.loads(text)) - {"ncolony.beatcheck"}


def test_args_are_enough() -> None:
    """Everything else may be left out, or null where that is allowed."""
    text = b'{"args": ["web"], "uid": null, "gid": null, "log": null}'
    assert parse("web", text) == ProcessSpec("web", text, args=("web",))


@pytest.mark.parametrize(
    ("keys", "plain"),
    [
        ({}, True),
        ({"restart": "never", "env_file": "/env", "log": "none"}, True),
        ({"uid": None, "no_new_privs": False, "limits": {}}, True),
        ({"uid": 0}, False),
        ({"supplementary_groups": []}, False),
        ({"umask": "0"}, False),
        ({"nice": 0}, False),
    ],
)
def test_a_plain_start_does_where_a_file_asks_for_nothing_more(
    keys: dict[str, object], plain: bool
) -> None:
    """Such a process starts in the fastest way there is."""
    assert (parse("web", a_file(**keys)).context is None) is plain


@pytest.mark.parametrize(
    ("keys", "warns"),
    [
        ({"essential": True, "restart": "always"}, True),
        ({"essential": True, "restart": "always", "give_up": None}, True),
        ({"essential": True, "restart": "always", "give_up": {"failures": 1, "within": 1}}, False),
        ({"essential": True, "restart": "never"}, False),
        ({"essential": True}, False),  # the monitor's own rule may be another
        ({"essential": False, "restart": "always"}, False),
    ],
)
def test_what_can_have_no_effect_is_told(keys: dict[str, object], warns: bool) -> None:
    """Essential is what ends for good; what always starts again never does."""
    warning = 'essential has no effect: with "restart": "always" it never ends for good'
    assert parse("web", a_file(**keys)).warnings == ((warning,) if warns else ())


def test_bytes_that_are_no_utf_8_pass_as_surrogates() -> None:
    """Arguments are bytes to the kernel; JSON writes odd ones as half surrogates."""
    assert parse("web", b'{"args": ["web", "\\udcff"]}').args == ("web", "\udcff")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", "found no valid JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"\xff", "found invalid UTF-8 at byte 0"),
        (b'{"args": ["\xff"]}', "found invalid UTF-8 at byte 11"),
        (b"[" * 100_000, "found values nested too deeply"),
        (b'{"args": ["web"], "x.y": NaN}', "found no valid JSON (NaN is not JSON)"),
        (b'["args"]', "found a list"),
        (b"[]", "found an empty list"),
        (b"null", "found null"),
        (b'"args"', 'found the string "args"'),
        (b"1", "found the number 1"),
    ],
)
def test_a_file_that_is_no_object_is_refused(text: bytes, found: str) -> None:
    """What was found, and what is allowed."""
    assert faults(text) == [f"{found}; allowed: a JSON object"]


def test_a_number_of_ten_thousand_digits_is_refused() -> None:
    """Python won't read it; it's a fault as any other."""
    [fault] = faults(b'{"args": ["web"], "uid": ' + b"1" * 10_000 + b"}")
    assert fault.startswith("found no valid JSON (Exceeds the limit")


def test_a_file_over_the_limit_is_refused() -> None:
    """One MiB is taken, a byte more is not."""
    largest = a_file("web", "x" * (MAX_BYTES - len(a_file("web", ""))))
    assert len(largest) == MAX_BYTES
    assert parse("web", largest).text == largest
    assert faults(largest + b" ") == [
        f"found more than {MAX_BYTES} bytes; allowed: at most {MAX_BYTES}"
    ]


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("args", [], f"args: found an empty list; {ARGS}"),
        ("args", [""], f"args: found no program; {ARGS}"),
        ("args", "web", f'args: found the string "web"; {ARGS}'),
        ("args", None, f"args: found null; {ARGS}"),
        ("args", ["web", 1], f"args[1]: found the number 1; {ARGS}"),
        ("args", ["a\0b"], f'args[0]: found a NUL byte in the string "a\\u0000b"; {ARGS}'),
        (
            "args",
            ["\ud800"],
            f'args[0]: found half of a surrogate pair in the string "\\ud800"; {ARGS}',
        ),
        ("env", [], "env: found an empty list; "),
        ("env", {"A": 1}, 'env["A"]: found the number 1; '),
        ("env", {"A": None}, 'env["A"]: found null; '),
        ("env", {"": "1"}, 'env: found the variable name ""; '),
        ("env", {"A=B": "1"}, 'env: found the variable name "A=B"; '),
        ("env", {"A": "\0"}, 'env["A"]: found a NUL byte in the string "\\u0000"; '),
        ("env_inherit", "PATH", 'env_inherit: found the string "PATH"; '),
        ("env_inherit", ["A=B"], 'env_inherit[0]: found the variable name "A=B"; '),
        ("env_inherit", [{"A": 1}], "env_inherit[0]: found an object; "),
        ("env", [1], "env: found a list; "),
        ("env_file", "env", 'env_file: found the string "env"; '),
        ("env_file", ["/a", "b"], 'env_file[1]: found the string "b"; '),
        ("env_from", [], "env_from: found an empty list; "),
        ("env_from", {"A": "b"}, 'env_from["A"]: found the string "b"; '),
        ("env_from", {"A": None}, 'env_from["A"]: found null; '),
        ("env_from", {"": "/a"}, 'env_from: found the variable name ""; '),
        ("enabled", 0, "enabled: found the number 0; allowed: true or false"),
        ("restart", "Always", 'restart: found the string "Always"; allowed: "always", "on-fail'),
        ("success", 0, "success: found the number 0; allowed: a list of exit codes (0 to 255) "),
        ("success", [256], "success[0]: found the number 256; "),
        ("success", [0, "9"], 'success[1]: found the string "9"; '),
        ("threshold", "1 h", f'threshold: found the string "1 h"; {SECONDS}'),
        ("minrestartdelay", -1, f"minrestartdelay: found the number -1; {SECONDS}"),
        ("maxrestartdelay", None, f"maxrestartdelay: found null; {SECONDS}"),
        ("jitter", 1.01, "jitter: found the number 1.01; allowed: a number from 0 to 1"),
        ("give_up", {"failures": 0, "within": 1}, "give_up.failures: found the number 0; "),
        ("essential", "yes", 'essential: found the string "yes"; allowed: true or false'),
        ("stop_signal", "NONE", 'stop_signal: found the string "NONE"; allowed: a signal\'s name'),
        ("stop_signal", 33, "stop_signal: found the number 33; allowed: a signal's name or number"),
        ("killtime", "9", f'killtime: found the string "9"; {SECONDS}'),
        ("kill_mode", "mixed", 'kill_mode: found the string "mixed"; allowed: "tree", "process"'),
        ("log", "syslog", 'log: found the string "syslog"; allowed: "monitor", "inherit", "non'),
        ("log", {"to": "files", "keep": -1}, "log.keep: found the number -1 where a whole num"),
        ("supplementary_groups", "adm", 'supplementary_groups: found the string "adm"; allowed'),
        ("supplementary_groups", [-1], "supplementary_groups[0]: found the number -1; allowed: "),
        ("cwd", "srv", 'cwd: found the string "srv"; allowed: an absolute path'),
        ("umask", 27, "umask: found the number 27; allowed: a string of octal digits from "),
        ("limits", {"files": 1}, 'limits: found the limit "files"; allowed: an object; names: '),
        ("limits", {"core": [1, 0]}, "limits.core: found a soft limit above the hard one; "),
        ("nice", 20, "nice: found the number 20; allowed: a whole number from -20 to 19"),
        ("oom_score_adj", -1001, "oom_score_adj: found the number -1001; allowed: a whole number"),
        ("no_new_privs", None, "no_new_privs: found null; allowed: true or false"),
        ("uid", -1, f"uid: found the number -1; {ID}"),
        ("uid", MAX_ID + 1, f"uid: found the number {MAX_ID + 1}; {ID}"),
        ("uid", 1.0, f"uid: found the number 1.0; {ID}"),
        ("gid", True, f"gid: found true; {ID}"),
        ("gid", "", f'gid: found the string ""; {ID}'),
        ("gid", "7", f'gid: found the string "7"; {ID}'),
        ("group", "g", f'group: found the string "g"; {STRINGS}'),
        ("group", [["g"]], f"group[0]: found a list; {STRINGS}"),
    ],
)
def test_a_wrong_value_is_refused(field: str, value: object, fault: str) -> None:
    """Field and place, what was found, what is allowed."""
    [found] = faults(json.dumps({"args": ["web"], field: value}).encode())
    assert found.startswith(fault)
    assert FIELDS[field].allowed in found


@pytest.mark.parametrize("field", ["killtime", "jitter", "nice", "uid", "stop_signal"])
@pytest.mark.parametrize("digits", [30, 400, 4000])
def test_no_number_is_too_large_to_be_refused(field: str, digits: int) -> None:
    """As any other that isn't allowed; JSON has no largest one."""
    [fault] = faults(f'{{"args": ["web"], "{field}": {"9" * digits}}}'.encode())
    assert fault.startswith(f"{field}: found ")


def test_every_fault_is_told_at_once() -> None:
    """Not just the first; a file without a program says so first of all."""
    assert faults(b'{"uid": [], "group": 1}') == [
        f"args: missing; {ARGS}",
        f"uid: found an empty list; {ID}",
        f"group: found the number 1; {STRINGS}",
    ]
    assert SpecError((Fault("a", "b"), Fault("", "c"))).faults == (("a", "b"), ("", "c"))


def test_long_values_are_told_of_in_a_word() -> None:
    """A fault is a line, not a page."""
    assert [shown(value) for value in ("x" * 41, "x" * 38, 10**50, {"a": 1}, {}, 1.5, False)] == [
        "a string",
        f'the string "{"x" * 38}"',
        "a number",
        "an object",
        "an empty object",
        "the number 1.5",
        "false",
    ]


@pytest.mark.parametrize(
    ("keys", "warnings"),
    [
        ('"arg": 1', ('unknown key "arg"; did you mean "args"?',)),
        ('"ENV": 1', ('unknown key "ENV"; did you mean "env"?',)),
        (
            '"zzz": 1',
            (f'unknown key "zzz"; known are {", ".join(FIELDS)}; keys of others carry a dot',),
        ),
        ('"my.key": 1', ()),
        ('"$schema": "./process.json"', ()),
        ('"stopsignal": 1', ('unknown key "stopsignal"; did you mean "stop_signal"?',)),
        ('"uid": 1, "uid": 2', ('key "uid" is there twice: the last one is used',)),
        ('"x.y": {"b": 1, "b": 2}', ('key "b" is there twice: the last one is used',)),
    ],
)
def test_what_is_odd_is_taken_with_a_warning(keys: str, warnings: tuple[str, ...]) -> None:
    """An unknown key names its nearest match; a key that is there twice is told of."""
    assert parse("web", f'{{"args": ["web"], {keys}}}'.encode()).warnings == warnings


@pytest.mark.parametrize(
    "key", [lambda i: "a", lambda i: f"k{i}", lambda i: f"x.{i}"], ids=["same", "unknown", "dotted"]
)
def test_no_number_of_keys_holds_the_monitor_up(key) -> None:
    """The largest file of the smallest keys is read in a moment, its warnings are few."""
    pairs, size = [], 100
    while size < MAX_BYTES:
        pairs.append(f'"{key(len(pairs))}":1')
        size += len(pairs[-1]) + 1
    text = ('{"args":["web"],' + ",".join(pairs) + "}").encode()
    assert took_s(lambda: parse("web", text)) < 1
    assert len(parse("web", text).warnings) <= MAX_WARNINGS
