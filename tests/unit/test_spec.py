"""A process's file: what is taken, what is refused and in which words."""

from __future__ import annotations

import json
import time

import pytest

from builders import a_file
from ncolony.faults import Fault, shown
from ncolony.spec import FIELDS, MAX_BYTES, MAX_ID, ProcessSpec, SpecError, parse

ARGS = "allowed: a list of strings, the first of them the program"
STRINGS = "allowed: a list of strings"
ID = f"allowed: a whole number from 0 to {MAX_ID}, or null"


def faults(text: bytes) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse("web", text)
    assert str(caught.value) == "; ".join(map(str, caught.value.faults))
    return [str(fault) for fault in caught.value.faults]


def test_every_key_is_taken() -> None:
    """All of what a file may hold, and the file itself to the byte."""
    text = (
        b'{"args": ["web", ""], "env": {"A": "1", "B": ""}, "env_inherit": ["PATH"],\n'
        b' "uid": 0, "gid": 7, "group": ["g", "h"], "ncolony.beatcheck": {"period": 1}}'
    )
    assert parse("web", text) == ProcessSpec(
        "web",
        text,
        args=("web", ""),
        env=(("A", "1"), ("B", "")),
        env_inherit=("PATH",),
        uid=0,
        gid=7,
        group=("g", "h"),
    )


def test_args_are_enough() -> None:
    """Everything else may be left out, or null where it is an id."""
    text = b'{"args": ["web"], "uid": null, "gid": null}'
    assert parse("web", text) == ProcessSpec("web", text, args=("web",))


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
        ("uid", -1, f"uid: found the number -1; {ID}"),
        ("uid", MAX_ID + 1, f"uid: found the number {MAX_ID + 1}; {ID}"),
        ("uid", 1.0, f"uid: found the number 1.0; {ID}"),
        ("gid", True, f"gid: found true; {ID}"),
        ("gid", "root", f'gid: found the string "root"; {ID}'),
        ("group", "g", f'group: found the string "g"; {STRINGS}'),
        ("group", [["g"]], f"group[0]: found a list; {STRINGS}"),
    ],
)
def test_a_wrong_value_is_refused(field: str, value: object, fault: str) -> None:
    """Field and place, what was found, what is allowed."""
    [found] = faults(json.dumps({"args": ["web"], field: value}).encode())
    assert found.startswith(fault)
    assert FIELDS[field].allowed in found


def test_every_fault_is_told_at_once() -> None:
    """Not just the first; a file without a program says so first of all."""
    assert faults(b'{"uid": "x", "group": 1}') == [
        f"args: missing; {ARGS}",
        f'uid: found the string "x"; {ID}',
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
    begun = time.process_time()
    found = parse("web", text)
    assert time.process_time() - begun < 1
    assert len(found.warnings) <= 20
