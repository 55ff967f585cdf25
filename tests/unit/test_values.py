"""JSON values of a file: what is taken as what, and what isn't."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from ncolony import signalnames, values
from ncolony.values import MAX_ID, MAX_SECONDS, MAX_SIZE, Wrong

SURROGATE = "\ud800"


def wrong(convert: Callable[..., Any], *args: Any) -> tuple[str, str]:
    """What was found, and where."""
    with pytest.raises(Wrong) as caught:
        convert(*args)
    assert str(caught.value) == caught.value.found
    return caught.value.found, caught.value.where


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (1, "the number 1"),
        (None, "null"),
        ("a\0", 'a NUL byte in the string "a\\u0000"'),
        (SURROGATE, 'half of a surrogate pair in the string "\\ud800"'),
    ],
)
def test_a_string_is_what_a_system_call_takes(text: object, found: str) -> None:
    """Any text, and bytes that are none as half surrogates; no NUL."""
    assert [values.string(good) for good in ("", "ü", "\udcff")] == ["", "ü", "\udcff"]
    assert wrong(values.string, text, "[2]") == (found, "[2]")


def test_lists_of_strings_say_which_is_wrong() -> None:
    """By its place."""
    assert values.strings(["a", ""]) == ("a", "")
    assert values.strings([]) == ()
    assert wrong(values.strings, ["a", 1]) == ("the number 1", "[1]")
    assert wrong(values.strings, "a") == ('the string "a"', "")


def test_arguments_begin_with_a_program() -> None:
    """Further ones may be empty."""
    assert values.arguments(["web", ""]) == ("web", "")
    assert wrong(values.arguments, []) == ("an empty list", "")
    assert wrong(values.arguments, ["", "web"]) == ("no program", "")


@pytest.mark.parametrize("name", ["", "A=B", "=", "A\0"])
def test_a_variable_has_a_name_that_can_be_told_from_its_value(name: str) -> None:
    """Not empty, no '='; wherever one is named."""
    for convert, value in (
        (values.variables, [name]),
        (values.environment, {name: "x"}),
        (values.paths_by_variable, {name: "/x"}),
    ):
        with pytest.raises(Wrong):
            convert(value)


def test_an_environment_keeps_its_order() -> None:
    """Names and values as they are."""
    assert values.environment({"B": "1", "A": ""}) == (("B", "1"), ("A", ""))
    assert values.variables(["B", "A"]) == ("B", "A")
    assert wrong(values.environment, []) == ("an empty list", "")
    assert wrong(values.environment, {"A": 1}) == ("the number 1", '["A"]')
    assert wrong(values.variables, "A") == ('the string "A"', "")
    assert wrong(values.variables, ["A", "B="]) == ('the variable name "B="', "[1]")


def test_a_path_is_absolute() -> None:
    """Alone, in a list, or by the variable that it is for."""
    assert values.path("/a b") == "/a b"
    assert values.paths("/a") == ("/a",)
    assert values.paths(["/a", "/b"]) == ("/a", "/b")
    assert values.paths_by_variable({"A": "/a"}) == (("A", "/a"),)
    for relative in ("", "a", "./a", "~/a"):
        assert wrong(values.path, relative, "x") == (f'the string "{relative}"', "x")
    assert wrong(values.paths, ["/a", 1]) == ("the number 1", "[1]")
    assert wrong(values.paths, None) == ("null", "")
    assert wrong(values.paths_by_variable, ["/a"]) == ("a list", "")
    assert wrong(values.paths_by_variable, {"A": "a"}) == ('the string "a"', '["A"]')


def test_truth_is_one_of_two_words() -> None:
    """No number passes for it, and it passes for no number."""
    assert [values.truth(True), values.truth(False)] == [True, False]
    for value in (0, 1, "true", None):
        wrong(values.truth, value)
    for convert in (values.seconds, values.size, values.account, values.signal):
        assert wrong(convert, True) == ("true", "")


def test_one_of_some_words() -> None:
    """As they are written; nothing else, and nothing that can't be compared."""
    convert = values.one_of("tree", "process")
    assert convert("tree") == "tree"
    for value in ("Tree", "", None, ["tree"], {}, 1):
        wrong(convert, value)


def test_what_is_optional_may_be_null() -> None:
    """And is checked where it isn't."""
    convert = values.optional(values.truth)
    assert [convert(None), convert(False)] == [None, False]
    assert wrong(convert, 0) == ("the number 0", "")


@pytest.mark.parametrize(
    "value", [-0.1, 1.1, "1", None, float("nan"), float("inf"), float("-inf"), 10**400, -(10**400)]
)
def test_a_number_is_within_its_bounds(value: object) -> None:
    """Of any kind; what is no number, or none that a clock can count, isn't one."""
    assert [values.number(good, 0, 1) for good in (0, 1, 0.5)] == [0.0, 1.0, 0.5]
    assert wrong(values.number, value, 0, 1, ".x")[1] == ".x"


def test_a_whole_number_has_no_fraction() -> None:
    """Not even one that is nothing."""
    assert [values.whole(good, -1, 2) for good in (-1, 0, 2)] == [-1, 0, 2]
    for value in (-2, 3, 1.0, "1", True, None, 10**400):
        wrong(values.whole, value, -1, 2)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (1.5, 1.5),
        ("90s", 90),
        ("1.5m", 90),
        ("1h", 3600),
        ("7d", 604800),
        ("2w", 1209600),
        (MAX_SECONDS, MAX_SECONDS),
        ("0s", 0),
    ],
)
def test_seconds_may_have_a_unit(value: object, seconds: float) -> None:
    """A number alone is seconds."""
    found = values.seconds(value)
    assert (found, type(found)) == (seconds, float)


@pytest.mark.parametrize(
    "value",
    [
        -1,
        MAX_SECONDS + 1,
        "1",
        "s",
        "1S",
        "1 s",
        "-1s",
        ".5s",
        "1.s",
        "1e3s",
        "1y",
        "1h30m",
        "",
        "٣s",
        "99999999999s",
        "9999999999w",
        None,
        [1],
        float("nan"),
    ],
)
def test_what_is_no_time_is_wrong(value: object) -> None:
    """A century at most, no sign, one unit."""
    assert wrong(values.seconds, value, ".within")[1] == ".within"


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (7, 7),
        ("64K", 65536),
        ("50M", 52428800),
        ("1G", 1 << 30),
        ("2T", 1 << 41),
        (MAX_SIZE, MAX_SIZE),
    ],
)
def test_a_size_may_have_a_unit(value: object, size: int) -> None:
    """Of 1024; a number alone is bytes."""
    assert values.size(value) == size


@pytest.mark.parametrize(
    "value",
    [-1, 1.0, MAX_SIZE + 1, "7", "1k", "1KB", "1 K", "1.5G", "-1K", "٣K", "9999999999T", None],
)
def test_what_is_no_size_is_wrong(value: object) -> None:
    """Whole bytes, no sign, one unit."""
    assert wrong(values.size, value, ".core")[1] == ".core"


@pytest.mark.parametrize("value", [0, 33, MAX_ID, "www", "_apt", "1000x", "ünï"])
def test_an_account_is_a_number_or_a_name(value: object) -> None:
    """What the machine makes of a name is found out at the start."""
    assert values.account(value) == value
    assert values.accounts([value, 0]) == (value, 0)


@pytest.mark.parametrize("value", [-1, MAX_ID + 1, 1.0, "", "33", "٣", "a\0", None, ["www"]])
def test_what_is_no_account_is_wrong(value: object) -> None:
    """Digits in a string could be either; -1 would be nobody's id, and leave it as it is."""
    wrong(values.account, value)
    assert wrong(values.accounts, ["www", value])[1] == "[1]"


def test_accounts_are_a_list() -> None:
    """Also of none."""
    assert values.accounts([]) == ()
    assert wrong(values.accounts, "www") == ('the string "www"', "")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("TERM", "TERM"),
        ("SIGTERM", "TERM"),
        ("sigint", "INT"),
        ("Usr1", "USR1"),
        (15, "15"),
        (1, "1"),
        (64, "64"),
        ("RTMIN", "RTMIN"),
        ("SIGRTMIN+1", "RTMIN+1"),
        ("rtmin+29", "RTMIN+29"),
        ("RTMAX", "RTMAX"),
        ("IOT", "ABRT"),
        ("SIGCLD", "CHLD"),
        ("POLL", "IO"),
    ],
)
def test_a_signal_has_a_name_or_a_number(value: object, name: str) -> None:
    """With SIG or without, large or small; of several names, the one by which ends are told."""
    assert values.signal(value) == name


@pytest.mark.parametrize(
    "value",
    [
        "",
        "SIG",
        "NONE",
        "EMT",
        "INFO",
        "SIGSIGTERM",
        "15",
        "RTMIN+0",
        "RTMIN+30",
        "RTMIN-1",
        "RTMAX-1",
        0,
        65,
        32,
        33,
        -9,
        9.0,
        True,
        None,
        ["TERM"],
        10**400,
    ],
)
def test_what_is_no_signal_is_wrong(value: object) -> None:
    """Nor what Linux doesn't have, or the C library keeps for itself."""
    assert wrong(values.signal, value, "[0]")[1] == "[0]"


def test_every_signal_that_is_taken_can_be_sent() -> None:
    """By its name and by its number; there is none that can't be named."""
    named = [f"RTMIN+{n}" for n in range(1, 30)] + ["RTMIN", "RTMAX", *values.SIGNALS]
    numbers = {signalnames.signal_number(values.signal(name)) for name in named}
    assert numbers == {int(number) for number in signal.valid_signals()}
    for number in numbers:
        assert signalnames.signal_number(values.signal(number)) == number


def test_every_signal_that_is_no_failure_is_told_by_that_name() -> None:
    """A name that matched no end would be taken and do nothing."""
    for number in signal.valid_signals():
        name = signalnames.signal_name(int(number))
        assert values.outcomes([name]) == {name}


def test_outcomes_are_exit_codes_and_signals() -> None:
    """In a list; a number is a code, a name a signal."""
    assert values.outcomes([]) == frozenset()
    assert values.outcomes([0, 255, "term", "SIGIOT", 0]) == {0, 255, "SIGTERM", "SIGABRT"}
    assert wrong(values.outcomes, 0) == ("the number 0", "")
    for value in (-1, 256, 1.0, None, "", "9", "EXIT", True):
        assert wrong(values.outcomes, [0, value])[1] == "[1]"
