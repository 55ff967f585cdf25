"""How a process's file asks for HTTP checks, and what their URLs mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ncolony import httpspec, httptarget
from ncolony.checkkeys import CheckKeyError
from ncolony.httpspec import HttpCheck
from ncolony.httptarget import Target
from ncolony.values import Wrong

URL = "http://127.0.0.1:8080/health"
TARGET = Target("http", "127.0.0.1", 8080, "/health")
RIGHT: dict[str, Any] = {"url": URL, "period": 10}


def parsed(**key: Any) -> HttpCheck | None:
    """What comes of a file that has this key."""
    wanted = {**RIGHT, **key}
    return httpspec.parse(json.dumps({"args": ["web"], "ncolony.httpcheck": wanted}).encode())


def fault(**key: Any) -> str:
    """Why a file asks wrongly."""
    with pytest.raises(CheckKeyError) as caught:
        parsed(**key)
    return str(caught.value)


def test_a_url_and_a_period_are_enough() -> None:
    """All else has its default."""
    assert parsed() == HttpCheck(TARGET, 10.0, 5.0, 3.0, 2)


def test_a_file_without_the_key_asks_for_nothing() -> None:
    """All else in it is the monitor's business."""
    assert httpspec.parse(b'{"args": 3, "ncolony.beatcheck": 4}') is None


def test_everything_can_be_said() -> None:
    """Each key comes out as what the checker uses."""
    assert parsed(
        url="https://web.example/x?y",
        timeout="2s",
        grace=1,
        maxBad=0,
        status=[200, 204],
        text="ready",
        headers={"X-Token": "secret"},
        redirects=True,
        ca="/etc/ca.pem",
    ) == HttpCheck(
        Target("https", "web.example", 443, "/x?y"),
        10.0,
        2.0,
        1.0,
        0,
        "GET",
        frozenset({200, 204}),
        b"ready",
        (("X-Token", "secret"),),
        True,
        "/etc/ca.pem",
    )


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("url", "ftp://x/", '"ftp://x/"'),
        ("url", "http://u@x/", "a user's name"),
        ("period", 0, "0"),
        ("timeout", 0, "0"),
        ("timeout", "soon", '"soon"'),
        ("grace", -1, "-1"),
        ("maxBad", -1, "-1"),
        ("maxBad", True, "true"),
        ("method", "POST", '"POST"'),
        ("status", [], "an empty list"),
        ("headers", ["a"], "a list"),
        ("status", [100], "100"),
        ("text", "", '""'),
        ("text", "x" * 65537, "string"),
        ("headers", {"Content-Length": "3"}, "Content-Length"),
        ("headers", {"X": "a\r\nY: b"}, "string"),
        ("headers", {"": "x"}, '""'),
        ("headers", {"Host": "a", "host": "b"}, "twice"),
        ("redirects", 1, "1"),
        ("ca", "ca.pem", '"ca.pem"'),
        ("verify", "no", '"no"'),
    ],
)
def test_what_is_not_allowed_is_said_with_what_is(key: str, value: object, found: str) -> None:
    """One line with the key, what was found, and what is allowed."""
    line = fault(**{key: value})
    assert line.startswith(f"ncolony.httpcheck.{key}")
    assert found in line
    assert "allowed: " in line
    assert "\n" not in line


def test_what_does_not_go_together_is_said() -> None:
    """A text in an answer without a body, a certificate where none is looked at."""
    assert "HEAD" in fault(method="HEAD", text="x")
    assert "a URL of http" in fault(ca="/ca.pem")
    assert "verify false" in fault(url="https://x/", ca="/ca.pem", verify=False)


def test_an_unknown_key_is_a_warning_that_names_the_nearest() -> None:
    """The rest of it is used."""
    found = parsed(timout=3)
    assert found is not None
    assert found.target == TARGET
    assert len(found.warnings) == 1
    assert '"timeout"' in found.warnings[0] or "timeout" in found.warnings[0]


@pytest.mark.parametrize(
    ("status", "statuses", "good"),
    [(200, (), True), (399, (), True), (400, (), False), (404, (404,), True), (200, (404,), False)],
)
def test_which_statuses_are_good(status: int, statuses: tuple[int, ...], good: bool) -> None:
    """200 to 399, or those that are listed and no others."""
    assert HttpCheck(TARGET, 1.0, statuses=frozenset(statuses)).is_good(status) is good


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://a", Target("http", "a", 80, "/")),
        ("HTTPS://a:8/b?c#d", Target("https", "a", 8, "/b?c")),
        ("http://[::1]:80/", Target("http", "::1", 80, "/")),
        ("unix:/s.sock", Target("unix", "localhost", 80, "/", "/s.sock")),
        ("unix:/s.sock:/a?b", Target("unix", "localhost", 80, "/a?b", "/s.sock")),
    ],
)
def test_what_a_url_means(url: str, target: Target) -> None:
    """Where to connect, and what to ask for there."""
    assert httptarget.parse(url) == target


@pytest.mark.parametrize(
    "url",
    ["", "/x", "http:///x", "http://a:0/", "http://a:99999/", "http://a b/", "http://a/\r\nX: y",
     "unix:s.sock", "unix:/s:x", "http://é/",
     "http://a..b/", "http://-a/", "http://a_b/", "http://./", "unix:/" + "s" * 107],
)  # fmt: skip
def test_what_is_no_url_of_a_check(url: str) -> None:
    """It is refused whole."""
    with pytest.raises(Wrong):
        httptarget.parse(url)


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        (URL, "/x", Target("http", "127.0.0.1", 8080, "/x")),
        (URL, "x", Target("http", "127.0.0.1", 8080, "/x")),
        (URL, "https://b/", Target("https", "b", 443, "/")),
        ("unix:/s:/a/b", "c", Target("unix", "localhost", 80, "/a/c", "/s")),
        ("unix:/s:/a", "http://b/", Target("http", "b", 80, "/")),
    ],
)
def test_where_a_redirect_leads(url: str, location: str, target: Target) -> None:
    """From where it was found."""
    assert httptarget.redirected(httptarget.parse(url), location) == target


@pytest.mark.parametrize("url", [URL, "unix:/s:/a"])
@pytest.mark.parametrize(
    "location", ["/a b", "/é", "//[x", "ftp://a/", "/a\r\nX: y", "http://a:b/"]
)
def test_where_no_redirect_can_lead(url: str, location: str) -> None:
    """What a server sends is no more to be trusted than what a file says."""
    with pytest.raises(Wrong):
        httptarget.redirected(httptarget.parse(url), location)


def test_which_statuses_are_allowed_in_words() -> None:
    """As a bad answer's reason says it."""
    assert HttpCheck(TARGET, 1.0).allowed == "200 to 399"
    assert HttpCheck(TARGET, 1.0, statuses=frozenset({301, 204})).allowed == "204, 301"


def test_an_origin_is_whom_it_is_asked_of() -> None:
    """The path doesn't count, the case of a host's name neither; another port is another one."""
    one = httptarget.parse("http://A/x").origin
    assert one == httptarget.parse("http://a/y").origin
    assert one != httptarget.parse("http://a:8/x").origin
    assert httptarget.parse("unix:/s:/x").origin != httptarget.parse("unix:/t:/x").origin


def test_the_authority_names_no_port_that_goes_without_saying() -> None:
    """As RFC 9110 has the Host field; an address of IPv6 is in brackets."""
    assert httptarget.parse("http://a/").authority == "a"
    assert httptarget.parse("https://a:80/").authority == "a:80"
    assert httptarget.parse("http://[::1]:81/").authority == "[::1]:81"
