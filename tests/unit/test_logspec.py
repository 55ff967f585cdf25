"""Where output goes, as a file or an option says it."""

from __future__ import annotations

import pytest

from ncolony.logspec import DESTINATIONS, KEYS, LogSpec, log_spec
from ncolony.values import Wrong


@pytest.mark.parametrize("to", DESTINATIONS)
def test_a_destination_is_enough(to: str) -> None:
    """Alone, or in an object; all else has its default."""
    assert log_spec(to) == log_spec({"to": to}) == LogSpec(to=to)


def test_the_defaults() -> None:
    """To the monitor, as it is; files of 50 MiB, ten of them, and a full disk is waited for."""
    assert log_spec({}) == LogSpec(
        to="monitor",
        format="text",
        time=False,
        stream=False,
        max_size=50 << 20,
        max_age=None,
        keep=10,
        keep_size=None,
        compress="none",
        split=False,
        full="wait",
    )
    assert tuple(KEYS) == LogSpec._fields


def test_every_key_is_taken() -> None:
    """Sizes and times with units; null for no bound."""
    asked = {"to": "files", "format": "json", "time": True, "stream": True, "max_size": "1M",
             "max_age": "1d", "keep": 3, "keep_size": "1G", "compress": "zstd", "split": True,
             "full": "drop"}  # fmt: skip
    assert log_spec(asked) == LogSpec(
        *("files", "json", True, True, 1 << 20, 86400.0, 3, 1 << 30, "zstd", True, "drop")
    )
    none = log_spec(
        {"to": "files", "max_size": None, "max_age": None, "keep_size": None, "keep": 0}
    )
    assert (none.max_size, none.max_age, none.keep_size, none.keep) == (None, None, None, 0)


def test_small_bounds_are_taken_to_the_edge() -> None:
    """Below it, a process would do nothing but rotate."""
    found = log_spec({"to": "files", "max_size": 4096, "keep_size": "4K", "max_age": 1})
    assert (found.max_size, found.keep_size, found.max_age) == (4096, 4096, 1.0)


FILES = {"to": "files"}
TO = '"monitor", "inherit", "none", "files"'
KEEP = "a whole number from 0 to 100000"
AGE = 'seconds (1 at least), or a string like "1d"; or null'
COMPRESS = '"none", "gzip", "zstd"'
SIZE = 'bytes (4096 at least), or a string like "50M" or "1G"; or null'


@pytest.mark.parametrize(
    ("value", "found", "where"),
    [
        (None, "null", ""),
        (["files"], "a list", ""),
        ("syslog", 'the string "syslog"', ""),
        ({"to": "syslog"}, f'the string "syslog" where {TO} is allowed', ".to"),
        ({"too": "files"}, 'the key "too" (did you mean "to"?)', ""),
        ({"qqq": 1}, 'the key "qqq"', ""),
        ({**FILES, "max_size": 4095}, f"the number 4095 where {SIZE} is allowed", ".max_size"),
        ({**FILES, "keep_size": 0}, f"the number 0 where {SIZE} is allowed", ".keep_size"),
        ({**FILES, "max_age": 0.5}, f"the number 0.5 where {AGE} is allowed", ".max_age"),
        ({**FILES, "keep": 100_001}, f"the number 100001 where {KEEP} is allowed", ".keep"),
        ({**FILES, "compress": None}, f"null where {COMPRESS} is allowed", ".compress"),
        ({**FILES, "split": 1}, "the number 1 where true or false is allowed", ".split"),
        ({**FILES, "full": "no"}, 'the string "no" where "wait", "drop" is allowed', ".full"),
        ({"time": "yes"}, 'the string "yes" where true or false is allowed', ".time"),
        ({"format": "JSON"}, 'the string "JSON" where "text", "json" is allowed', ".format"),
    ],
)
def test_what_is_wrong_is_told(value: object, found: str, where: str) -> None:
    """Key, what was found, what is allowed; an unknown key names its nearest match."""
    with pytest.raises(Wrong) as caught:
        log_spec(value)
    assert (caught.value.found, caught.value.where) == (found, where)


FILES_ONLY = {"max_size": None, "max_age": None, "keep": 1, "keep_size": None, "compress": "gzip",
              "split": False, "full": "wait"}  # fmt: skip


@pytest.mark.parametrize("key", FILES_ONLY)
@pytest.mark.parametrize("to", ["monitor", "inherit", "none"])
def test_what_is_for_files_is_wrong_elsewhere(key: str, to: str) -> None:
    """Nothing is accepted that would do nothing, not even a default."""
    with pytest.raises(Wrong) as caught:
        log_spec({"to": to, key: FILES_ONLY[key]})
    assert caught.value.found == f'it, which is for "to": "files", with "to": "{to}"'
    assert caught.value.where == f".{key}"
    assert KEYS[key].files_only


@pytest.mark.parametrize("key", ["format", "time", "stream"])
def test_lines_have_a_form_where_the_monitor_sees_them(key: str) -> None:
    """In its own output and in files; not where the process writes itself, or nothing is kept."""
    value = "json" if key == "format" else True
    for to in ("monitor", "files"):
        assert getattr(log_spec({"to": to, key: value}), key) == value
    for to in ("inherit", "none"):
        with pytest.raises(Wrong) as caught:
            log_spec({"to": to, key: value})
        assert caught.value.found == f'it with "to": "{to}", where the monitor sees no line'
        assert caught.value.where == f".{key}"


def test_so_little_that_nothing_is_kept_is_wrong() -> None:
    """A file that was just rotated counts as it is; the default of max_size counts, too."""
    for sizes in ({"max_size": "4M"}, {}):
        with pytest.raises(Wrong) as caught:
            log_spec({"to": "files", "keep_size": "3M", **sizes})
        assert caught.value.where == ".keep_size"
        assert caught.value.found.startswith("less than max_size, ")
    assert log_spec({"to": "files", "keep_size": "4M", "max_size": "4M"}).keep_size == 4 << 20
    assert log_spec({"to": "files", "keep_size": "4M", "max_size": None}).max_size is None


def test_every_key_says_what_it_means() -> None:
    """The reference is made of it."""
    assert all(key.allowed and key.meaning.endswith(".") for key in KEYS.values())
