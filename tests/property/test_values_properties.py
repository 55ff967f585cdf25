"""Parsers and arithmetic, for any input."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncolony import request, spec, status
from ncolony.names import is_process_name, name_fault
from ncolony.policy import Policy, next_delay
from ncolony.spec import FIELDS, SpecError

TEXT = st.text(max_size=8) | st.sampled_from(["args", "env", "a=b", "\0", "\ud800", "\udcff"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*FIELDS, "arg", "x.y", "ENV"]) | TEXT
DOCUMENTS = st.dictionaries(KEYS, JSON, max_size=5).map(lambda d: json.dumps(d).encode())
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
VARIABLES = STRINGS.filter(lambda text: text and "=" not in text)
IDS = st.none() | st.integers(0, spec.MAX_ID)
GOOD = st.fixed_dictionaries(
    {"args": st.tuples(STRINGS.filter(bool), STRINGS).map(list)},
    optional={
        "env": st.dictionaries(VARIABLES, STRINGS, max_size=3),
        "env_inherit": st.lists(VARIABLES, max_size=3),
        "uid": IDS,
        "gid": IDS,
        "group": st.lists(STRINGS, max_size=3),
        "any.other": JSON,
    },
)


@given(st.binary() | DOCUMENTS | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_make_a_spec_or_a_spec_error(text: bytes) -> None:
    """Whatever a file holds, reading it ends in a spec or in faults, each of one line."""
    found = parsed_or_faults(text)
    if isinstance(found, SpecError):
        assert found.faults
        assert str(found).isprintable()
    else:
        assert found.text == text
        assert found.args
        assert all(warning.isprintable() for warning in found.warnings)


def parsed_or_faults(text: bytes) -> spec.ProcessSpec | SpecError:
    try:
        return spec.parse("web", text)
    except SpecError as error:
        return error


@given(GOOD)
def test_what_is_allowed_is_taken_as_it_is(document: dict[str, object]) -> None:
    """A file of allowed values gives just these values."""
    found = spec.parse("web", json.dumps(document).encode())
    assert found == spec.ProcessSpec(
        "web",
        json.dumps(document).encode(),
        args=tuple(document["args"]),
        env=tuple(dict(document.get("env", {})).items()),
        env_inherit=tuple(document.get("env_inherit", [])),
        uid=document.get("uid"),
        gid=document.get("gid"),
        group=tuple(document.get("group", [])),
    )


@pytest.mark.parametrize("opening", ['{"args": ["web"], "x.y": ', '{"args": ', '{"env": ', ""])
def test_no_depth_of_nesting_is_too_much(opening: str) -> None:
    """Nested as deep as it likes, also as deep as can just be read, a file is never fatal."""
    closing = "}" if opening else ""
    for depth in [10, 300, *range(800, 1000), 5000, 100_000]:
        for text in (opening + "[" * depth + "]" * depth + closing, opening + '{"a":' * depth):
            with pytest.raises(request.RequestError):
                request.parse(text.encode())
            found = parsed_or_faults(text.encode())
            assert not isinstance(found, SpecError) or found.faults


@given(st.binary() | DOCUMENTS)
def test_any_bytes_make_a_request_or_a_request_error(text: bytes) -> None:
    """Whatever a message holds, reading it ends in a request or in its one error."""
    try:
        found = request.parse(text)
    except request.RequestError as error:
        assert "\n" not in str(error)  # noqa: PT017 either way is right
    else:
        assert request.parse(request.encode(found)) == found


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
REASONS = st.just("") | st.text("abc", min_size=1, max_size=200)
REQUESTS = st.one_of(
    st.builds(request.Start, WORDS, REASONS),
    st.builds(request.Stop, WORDS, REASONS),
    st.builds(request.Restart, WORDS, REASONS),
    st.builds(request.Signal, WORDS, st.sampled_from(["HUP", "9", "USR1"]), REASONS),
    st.builds(request.RestartAll, REASONS),
    st.builds(request.RestartGroup, WORDS, REASONS),
)


@given(REQUESTS)
def test_a_request_comes_back_from_its_file(asked: request.Request) -> None:
    """What the control program writes is what the monitor reads."""
    assert request.parse(request.encode(asked)) == asked


ANY = st.text(max_size=20)
MAYBE = st.none() | ANY
STATUSES = st.builds(
    status.StatusRecord,
    *[ANY] * 5,
    pid=st.none() | st.integers(),
    starts=st.integers(),
    last_exit=st.none()
    | st.builds(status.LastExit, st.none() | st.integers(), MAYBE, ANY, st.floats(0, 1e9)),
    next_start=MAYBE,
    fingerprint=MAYBE,
    refused=MAYBE,
    warnings=st.lists(ANY).map(tuple),
)
MONITORS = st.builds(
    status.MonitorStatus,
    pid=st.integers(),
    version=ANY,
    state=ANY,
    started_at=ANY,
    updated_at=ANY,
    counts=st.dictionaries(ANY, st.integers()),
    rejected=st.integers(),
    directories=st.lists(
        st.builds(status.Watched, ANY, ANY, ANY, st.none() | st.floats(0, 99))
    ).map(tuple),
    warnings=st.lists(ANY).map(tuple),
)


@given(STATUSES)
def test_a_status_comes_back_from_its_file(record: status.StatusRecord) -> None:
    """What the monitor writes of a process is what the control program reads."""
    assert status.decode(status.encode(record)) == record


@given(MONITORS)
def test_the_monitors_status_comes_back_from_its_file(record: status.MonitorStatus) -> None:
    """What the monitor writes of itself is what the control program reads."""
    assert status.decode_monitor(status.encode_monitor(record)) == record


@given(st.binary() | JSON.map(lambda v: json.dumps(v).encode()) | DOCUMENTS)
def test_any_bytes_make_a_status_or_a_status_error(text: bytes) -> None:
    """A status file that another program wrote or cut off is an error of its own kind."""
    for decode in (status.decode, status.decode_monitor):
        with pytest.raises(status.StatusError):
            decode(text)


@given(STATUSES, st.sampled_from(["last_exit", "warnings", "name", "pid"]), JSON)
def test_any_value_in_a_status_is_read_or_a_status_error(
    record: status.StatusRecord, key: str, value: object
) -> None:
    """One field of another type is no surprise either."""
    document = {**json.loads(status.encode(record)), key: value}
    try:
        status.decode(json.dumps(document).encode())
    except status.StatusError:
        pass


DELAYS = st.floats(0, 1e6)
POLICIES = st.builds(Policy, min_delay_s=DELAYS, max_delay_s=DELAYS)


@given(DELAYS, DELAYS, POLICIES)
def test_delays_are_bounded_and_monotone(one: float, other: float, policy: Policy) -> None:
    """A longer pause is never followed by a shorter one; none exceeds the limit."""
    low, high = sorted((one, other))
    assert next_delay(low, policy) <= next_delay(high, policy) <= policy.max_delay_s
    if policy.min_delay_s <= policy.max_delay_s:
        assert next_delay(low, policy) >= policy.min_delay_s


@given(POLICIES)
def test_delays_reach_their_limit_and_stay_there(policy: Policy) -> None:
    """Doubling ends at the limit."""
    delay_s = 0.0
    for _ in range(1200):
        delay_s = next_delay(delay_s, policy)
    assert delay_s == policy.max_delay_s or policy.min_delay_s == 0.0


@given(st.text(max_size=300) | st.text("./#~\0newa", max_size=8))
def test_a_process_name_is_one_path_component(name: str) -> None:
    """What passes as a name can be a file's name, and leads nowhere else."""
    assert is_process_name(name) == (name_fault(name) is None)
    if is_process_name(name):
        assert "/" not in name
        assert "\0" not in name
        assert name not in ("", ".", "..")
        assert len(name.encode("utf-8", "surrogateescape")) <= 255
