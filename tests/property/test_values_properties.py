"""Parsers and arithmetic, for any input."""

from __future__ import annotations

import json
from typing import Any

import pytest
from documents import CONTEXT_KEYS, DOCUMENTS, GOOD, JSON, PLAIN_KEYS, POLICY_KEYS
from hypothesis import given
from hypothesis import strategies as st

from ncolony import request, spec, status
from ncolony.context import LIMITS, PLAIN, ExecContext
from ncolony.faults import Fault
from ncolony.fields import FIELDS
from ncolony.logspec import KEYS, LogSpec, log_spec
from ncolony.names import is_process_name, name_fault
from ncolony.policy import (
    GiveUp,
    Policy,
    gives_up,
    jittered,
    next_delay,
    recent,
)
from ncolony.spec import SpecError
from ncolony.values import MAX_SECONDS, MAX_SIZE, Wrong, seconds, size


def test_every_field_is_tried() -> None:
    """None is left out of what follows."""
    assert {"args", *PLAIN_KEYS, *POLICY_KEYS, *CONTEXT_KEYS} == {*FIELDS, "any.other"}


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
def test_what_is_allowed_is_taken_as_it_is(document: dict[str, Any]) -> None:
    """A file of allowed values gives just these values."""
    found = spec.parse("web", json.dumps(document).encode())
    assert found == spec.ProcessSpec(
        "web",
        json.dumps(document).encode(),
        args=tuple(document["args"]),
        env=tuple(document.get("env", {}).items()),
        env_inherit=tuple(document.get("env_inherit", [])),
        env_file=tuple(document.get("env_file", [])),
        env_from=tuple(document.get("env_from", {}).items()),
        group=tuple(document.get("group", [])),
        enabled=document.get("enabled", True),
        policy=policy_of(document),
        log=LogSpec(to=document["log"]) if "log" in document else None,
        context=context_of(document),
        warnings=found.warnings,
    )
    assert not found.warnings or document["essential"]


def policy_of(document: dict[str, Any]) -> tuple[tuple[str, Any], ...] | None:
    def value(key: str) -> Any:
        said = document[key]
        if key == "give_up" and said:
            return GiveUp(said["failures"], said["within"])
        return frozenset(said) if key == "success" else said

    rules = [(FIELDS[key].target or key, value(key)) for key in document if key in POLICY_KEYS]
    return tuple(rules) or None


def context_of(document: dict[str, Any]) -> ExecContext | None:
    said = {key: document[key] for key in document if key in CONTEXT_KEYS}
    if "supplementary_groups" in said:
        said["supplementary_groups"] = tuple(said["supplementary_groups"])
    if "umask" in said:
        said["umask"] = int(said["umask"], 8)
    if "limits" in said:
        bounds = {key: None if v == "unlimited" else v for key, v in said["limits"].items()}
        said["limits"] = tuple((key, (v, v)) for key, v in sorted(bounds.items()))
    context = ExecContext(**said)
    return None if context == PLAIN else context


ODD = JSON | st.dictionaries(st.sampled_from([*KEYS, *LIMITS, "failures", "within"]), JSON)


@given(st.sampled_from(sorted(FIELDS)), ODD)
def test_any_value_of_a_field_is_taken_or_wrong(name: str, value: object) -> None:
    """Whatever is there, nothing else is raised, and the fault is a line that names the field."""
    found = parsed_or_faults(json.dumps({"args": ["web"], name: value}).encode())
    if isinstance(found, SpecError):
        [fault] = found.faults
        assert str(found).isprintable()
        if fault.field:  # it is no JSON at all, with a number that isn't finite
            assert fault.field.partition(".")[0].partition("[")[0] == name
            assert FIELDS[name].allowed in fault.message


@given(
    st.dictionaries(st.sampled_from(list(KEYS)), JSON | st.sampled_from(["files", "json", 4096]))
)
def test_any_log_is_taken_or_wrong(value: dict[str, object]) -> None:
    """What is taken is whole: nothing of it is without an effect."""
    try:
        found = log_spec(value)
    except Wrong as wrong:
        assert str(Fault("log" + wrong.where, wrong.found)).isprintable()  # noqa: PT017
    else:
        assert log_spec({"to": found.to}).to == found.to
        assert not any(KEYS[key].files_only for key in value) or found.to == "files"


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{1,11}\.?[0-9]?[smhdwKMGTkB]", fullmatch=True))
def test_any_text_is_a_time_and_a_size_within_bounds_or_wrong(text: str) -> None:
    """A century, and more bytes than any disk has."""
    for convert, largest in ((seconds, MAX_SECONDS), (size, MAX_SIZE)):
        try:
            found = convert(text)
        except Wrong as wrong:
            assert wrong.found  # noqa: PT017
        else:
            assert 0 <= found <= largest


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
    st.builds(request.Restart, WORDS, REASONS, st.none() | st.integers(min_value=1)),
    st.builds(request.Signal, WORDS, st.sampled_from(["HUP", "9", "USR1"]), REASONS),
    st.builds(request.RestartAll, REASONS),
    st.builds(request.RestartGroup, WORDS, REASONS),
    st.builds(request.Rotate, WORDS, REASONS),
    st.builds(request.RotateAll, REASONS),
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
    pid_started=st.none() | st.integers(),
    boot_id=MAYBE,
    success=st.none() | st.booleans(),
    refused_fingerprint=MAYBE,
    output=MAYBE,
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
    log=MAYBE,
    logs=MAYBE,
    log_to=ANY,
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


@given(STATUSES, st.sampled_from(["last_exit", "warnings", "name", "pid", "boot_id"]), JSON)
def test_any_value_in_a_status_is_read_or_a_status_error(
    record: status.StatusRecord, key: str, value: object
) -> None:
    """One field of another type is no surprise either."""
    document = {**json.loads(status.encode(record)), key: value}
    try:
        status.decode(json.dumps(document).encode())
    except status.StatusError:
        pass


@given(STATUSES, st.sets(st.sampled_from(["pid_started", "boot_id", "success", "output"])))
def test_a_status_of_an_older_monitor_is_read(record: status.StatusRecord, gone: set[str]) -> None:
    """What it didn't write isn't known."""
    document = json.loads(status.encode(record))
    older = json.dumps({key: value for key, value in document.items() if key not in gone})
    assert status.decode(older.encode()) == record._replace(**dict.fromkeys(gone))


DELAYS = st.floats(0, 1e6)
POLICIES = st.builds(
    Policy,
    min_delay_s=DELAYS,
    max_delay_s=DELAYS,
    jitter=st.floats(0, 1),
    give_up=st.none() | st.builds(GiveUp, st.integers(1, 5), DELAYS),
)


@given(DELAYS, DELAYS, POLICIES)
def test_delays_are_bounded_and_monotone(one: float, other: float, policy: Policy) -> None:
    """A longer pause is never followed by a shorter one; none is beyond the limits."""
    low, high = sorted((one, other))
    longest_s = max(policy.max_delay_s, policy.min_delay_s)
    assert policy.min_delay_s <= next_delay(low, policy) <= next_delay(high, policy) <= longest_s


@given(POLICIES)
def test_delays_reach_their_limit_and_stay_there(policy: Policy) -> None:
    """Doubling ends at the limit."""
    delay_s = 0.0
    for _ in range(1200):
        delay_s = next_delay(delay_s, policy)
    longest_s = max(policy.max_delay_s, policy.min_delay_s)
    assert delay_s == longest_s or policy.min_delay_s == 0.0


@given(DELAYS, POLICIES, st.floats(0, 1), st.floats(0, 1))
def test_a_pause_is_longer_by_chance_within_bounds(
    delay_s: float, policy: Policy, one: float, other: float
) -> None:
    """Twice as long at most, and the longer the higher the number."""
    low, high = sorted((one, other))
    short, long = jittered(delay_s, policy, low), jittered(delay_s, policy, high)
    assert delay_s <= short <= long <= delay_s * (1 + policy.jitter)


@given(POLICIES, st.lists(DELAYS, max_size=50))
def test_failures_are_counted_within_their_window(policy: Policy, times: list[float]) -> None:
    """As many as were in it, but never more than are too many."""
    found: tuple[float, ...] = ()
    times.sort()
    for number, now in enumerate(times, 1):
        found = recent(found, now, policy)
        if policy.give_up is None:
            assert found == ()
            assert not gives_up(found, policy)
            continue
        bound, within_s = policy.give_up
        counted = [at for at in times[:number] if at >= now - within_s]
        assert found == tuple(counted[-bound:])
        assert gives_up(found, policy) == (len(counted) >= bound)


@given(st.text(max_size=300) | st.text("./#~\0newa", max_size=8))
def test_a_process_name_is_one_path_component(name: str) -> None:
    """What passes as a name can be a file's name, and leads nowhere else."""
    assert is_process_name(name) == (name_fault(name) is None)
    if is_process_name(name):
        assert "/" not in name
        assert "\0" not in name
        assert name not in ("", ".", "..")
        assert len(name.encode("utf-8", "surrogateescape")) <= 255
