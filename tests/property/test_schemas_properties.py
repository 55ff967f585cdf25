"""What a schema takes is what the program takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from documents import FINITE_JSON, GOOD
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError, validators

from ncolony import beatspec, httpspec, request, schemas, spec
from ncolony.checkkeys import CheckKeyError
from ncolony.context import LIMITS
from ncolony.fields import FIELDS
from ncolony.logspec import KEYS
from ncolony.scheduler import jobrequest, jobspec
from ncolony.scheduler.jobfields import JOB_FIELDS
from ncolony.signalnames import signal_number


def _pattern(_: Any, pattern: str, value: object, __: Any) -> Iterator[ValidationError]:
    """As ECMA-262 has it, where $ is the end; to Python it may be before a last newline."""
    python = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(value, str) and not re.search(python, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = validators.extend(Draft202012Validator, {"pattern": _pattern})
TAKES: dict[str, Callable[[object], bool]] = {
    name: _Validator(json.loads(schemas.text(name))).is_valid for name in schemas.names()
}

#: What schemas can't say, as docs/reference/schemas.md lists it: a line of the program's.
BEYOND = {
    "a whole number that is written as a fraction": r"the number -?[0-9.]+(\.0|e\+[0-9]+)\b",
    "bounds of a number with a unit": r'the string "[0-9]+(\.[0-9]+)?[smhdwKMGT]"',
    "half of a character": "half of a surrogate pair",
    "a user's number in other digits": r'the string "(\\u[0-9a-f]{4})+"',
    "what keeps nothing": "less than max_size",
    "limits out of order": "a soft limit above the hard one",
    "jitter above every": "allowed: not above the",
    "expressions of cron": r"schedule\.cron: found",
    "zones": r"schedule\.timezone: found",
    "URLs": r"httpcheck\.url: found",
    "bytes of a text": r"httpcheck\.text: found a string",
    "a header twice": "a name twice",
}

# fmt: off
VALUES = FINITE_JSON | st.sampled_from([
    0, 1, -1, 1.0, 0.05, 19, 255, 256, 1000, 65536, 10**400,
    "", "a", "a\n", "/a", "a=b", "\0", "3", "٣",
    "10m", "10m\n", "0s", "9999999999w", "64K", "1K", "unlimited", "027", "1777",
    "TERM", "sigterm", "SIGINT", "RTMIN+1", "rtmin+30",
    "files", "none", "always", "tree", "skip", "GET", "HEAD",
    "http://a:1/", "HTTPS://a", "unix:/s:/", "* * * * *", "1 * * * * *",
    [], [0], ["a"], [""], ["a", "\0"], [1, 2], [2, 1], ["unlimited", 5], [404],
    {}, {"A": "/b"}, {"a=": "/b"}, {"Host": "a", "host": "b"}, {"te": "a"},
    {"every": "1h"}, {"every": 0}, {"cron": "* * * *"},
    {"cron": "* * * * *", "timezone": "Europe/Berlin"},
    {"failures": 5, "within": "1m"},
])
# fmt: on


def objects(names: Mapping[str, object] | tuple[str, ...]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(list(names)), VALUES, max_size=3)


LOGS = st.tuples(st.sampled_from(["files", "monitor", "none"]), objects(KEYS)).map(
    lambda pair: {"to": pair[0], **pair[1]}
)
URLS = st.sampled_from(["http://a/", "https://a/"])
CHECKS = st.tuples(URLS, objects(httpspec.FIELDS)).map(
    lambda pair: {"url": pair[0], "period": 1, **pair[1]}
)
BEATS = objects(beatspec.FIELDS).map(lambda more: {"period": 1, "status": "/s", **more})
PARTS = st.dictionaries(st.sampled_from([*FIELDS, "arg", "x.y", "$schema"]), VALUES, max_size=2) | (
    st.fixed_dictionaries(
        {},
        optional={
            "log": LOGS,
            "limits": objects(LIMITS),
            beatspec.KEY: BEATS | VALUES,
            httpspec.KEY: CHECKS | VALUES,
        },
    )
)
PROCESSES = GOOD | PARTS.map(lambda part: {"args": ["web"], **part})
JOBS = st.tuples(PROCESSES, objects(JOB_FIELDS), st.sampled_from(["1m", 60])).map(
    lambda three: {**three[0], "schedule": {"every": three[2]}, **three[1]}
)
REQUESTS = st.fixed_dictionaries(
    {"type": st.sampled_from([*request.TYPES, jobrequest.RUN, "restart", 1])},
    optional={
        name: st.sampled_from(["web", ""]) | VALUES for name in ("name", "group", "reason", "pid")
    }
    | {"signal": st.sampled_from(["HUP", "sighup", "1", 9, 32, "65"]) | VALUES},
)


def process_faults(text: bytes) -> Iterator[str]:
    """What the monitor and the checkers say of a file; keys they don't know are faults here."""
    parsers: tuple[Callable[[bytes], Any], ...] = (
        lambda text: spec.parse("web", text),
        beatspec.parse,
        httpspec.parse,
    )
    for parse in parsers:
        try:
            found = parse(text)
        except spec.SpecError as error:
            yield from map(str, error.faults)
        except CheckKeyError as error:
            yield from str(error).split("; ncolony.")
        else:
            yield from (line for line in getattr(found, "warnings", ()) if "unknown key" in line)


def job_faults(text: bytes) -> Iterator[str]:
    """What the scheduler says of a file."""
    try:
        found = jobspec.parse("job", text)
    except spec.SpecError as error:
        yield from map(str, error.faults)
    else:
        yield from (line for line in found.process.warnings if "unknown key" in line)


def request_faults(text: bytes) -> Iterator[str]:
    """What the monitor says of a request, and of the signal in it."""
    try:
        found = request.parse(text)
        if isinstance(found, request.Signal):
            signal_number(found.signal)
    except ValueError as error:
        yield str(error)


def job_request_faults(text: bytes) -> Iterator[str]:
    """What the scheduler says of a request."""
    try:
        jobrequest.parse(text)
    except request.RequestError as error:
        yield str(error)


PARSERS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "process": process_faults,
    "job": job_faults,
    "request": request_faults,
    "job-request": job_request_faults,
}


def agree(name: str, document: object) -> None:
    """A schema refuses what the program does, but for what it can't say."""
    text = json.dumps(document)
    faults = list(PARSERS[name](text.encode()))
    if not TAKES[name](document):
        assert faults, document
    else:
        assert [f for f in faults if not any(re.search(p, f) for p in BEYOND.values())] == []


@given(PROCESSES)
def test_the_schema_of_a_process_takes_what_the_monitor_takes(document: object) -> None:
    """And refuses what it refuses, or takes for a mistake."""
    agree("process", document)


@given(JOBS)
def test_the_schema_of_a_job_takes_what_the_scheduler_takes(document: object) -> None:
    """And refuses what it refuses, or takes for a mistake."""
    agree("job", document)


@given(st.sampled_from(["request", "job-request"]), REQUESTS)
def test_the_schemas_of_requests_take_what_is_carried_out(name: str, document: object) -> None:
    """And refuse what is rejected."""
    agree(name, document)


@given(st.sampled_from(sorted(PARSERS)), FINITE_JSON)
def test_schemas_refuse_what_is_no_file(name: str, document: object) -> None:
    """Whatever it is."""
    agree(name, document)


_HTTP = {"url": "http://a/", "period": 1}


@pytest.mark.parametrize(
    ("beyond", "name", "part"),
    [
        ("a whole number that is written as a fraction", "process", {"nice": 1.0}),
        ("bounds of a number with a unit", "process", {"killtime": "9999999999w"}),
        ("half of a character", "process", {"env": {"A": "\ud800"}}),
        ("a user's number in other digits", "process", {"uid": "٣"}),
        ("what keeps nothing", "process", {"log": {"to": "files", "keep_size": "1M"}}),
        ("limits out of order", "process", {"limits": {"core": [2, 1]}}),
        ("jitter above every", "job", {"schedule": {"every": 1}, "jitter": 2}),
        ("expressions of cron", "job", {"schedule": {"cron": "60 * * * *"}}),
        ("zones", "job", {"schedule": {"cron": "0 * * * *", "timezone": "Nowhere"}}),
        ("URLs", "process", {httpspec.KEY: {**_HTTP, "url": "http://:/"}}),
        ("bytes of a text", "process", {httpspec.KEY: {**_HTTP, "text": "ä" * 65536}}),
        ("a header twice", "process", {httpspec.KEY: {**_HTTP, "headers": {"A": "", "a": ""}}}),
    ],
)
def test_what_schemas_cannot_say_is_known(beyond: str, name: str, part: dict[str, object]) -> None:
    """Each of the exceptions is one."""
    document = {"args": ["web"], **part}
    assert TAKES[name](document)
    [fault] = PARSERS[name](json.dumps(document).encode())
    assert re.search(BEYOND[beyond], fault)
