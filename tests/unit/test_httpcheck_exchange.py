"""One request and its answer, fed whole and byte by byte."""

from __future__ import annotations

from typing import Any

import pytest

from ncolony import httptarget
from ncolony.httpcheck.exchange import Answer, Exchange, ExchangeError
from ncolony.httpspec import BODY_BYTES, HttpCheck

TARGET = httptarget.parse("http://a:81/x")


def an_exchange(*, headers: bool = True, **check: Any) -> Exchange:
    """One that has asked."""
    exchange = Exchange(HttpCheck(TARGET, 1.0, **check), TARGET, headers=headers)
    exchange.request()
    return exchange


def fed(exchange: Exchange, received: bytes, size: int) -> Answer | None:
    """What is known when so much has been received, in pieces of this size."""
    for at in range(0, len(received), size):
        answer = exchange.received(received[at : at + size])
        if answer is not None:
            return answer
    return None


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("received", "answer"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Answer(200, "", True)),
        (b"HTTP/1.0 500 Oops\r\n\r\n", Answer(500, "", True)),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", Answer(204, "", True)),
        (b"HTTP/1.1 302 F\r\nLocation: /y\r\n\r\n", Answer(302, "/y", True)),
    ],
)
def test_an_answer_is_there_with_its_head(received: bytes, answer: Answer, size: int) -> None:
    """Where no text is wanted, however it comes."""
    assert fed(an_exchange(), received, size) == answer


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize(
    ("received", "found"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nI ready", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nrea", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_BYTES - 5) + b"ready", True),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_BYTES - 4) + b"ready", False),
    ],
)
def test_a_text_is_looked_for_in_the_first_64_kib(received: bytes, found: bool, size: int) -> None:
    """Across pieces and chunks; a body that goes on is read no further."""
    assert fed(an_exchange(text=b"ready"), received, size) == Answer(200, "", found)


def test_a_body_that_ends_with_the_connection_is_judged_then() -> None:
    """HTTP/1.0 without a length."""
    exchange = an_exchange(text=b"ready")
    assert exchange.received(b"HTTP/1.0 200 OK\r\n\r\nrea") is None
    assert exchange.received(b"") == Answer(200, "", False)


@pytest.mark.parametrize(
    ("received", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "answered with no valid HTTP"),
        (b"\x16\x03\x01\r\n\r\n", "answered with no valid HTTP"),
        (b"", "closed the connection before all of an answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "answered with no valid HTTP"),
    ],
)
def test_what_is_no_answer_is_said(received: bytes, said: str) -> None:
    """In words for people."""
    with pytest.raises(ExchangeError, match=said):
        an_exchange().received(received)


def test_what_is_cut_off_is_no_answer() -> None:
    """A body shorter than was said."""
    exchange = an_exchange(text=b"ready")
    exchange.received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrea")
    with pytest.raises(ExchangeError, match="before all of an answer"):
        exchange.received(b"")


def test_what_is_sent() -> None:
    """Own fields win over ours, and stay away where they aren't meant to go."""
    check = HttpCheck(TARGET, 1.0, headers=(("host", "b"), ("X-Token", "secret")))
    sent = Exchange(check, TARGET, headers=True).request().lower()
    assert sent.startswith(b"get /x http/1.1\r\n")
    assert b"host: b\r\n" in sent
    assert b"x-token: secret\r\n" in sent
    assert b"host: a:81" not in sent
    other = Exchange(check, TARGET, headers=False).request().lower()
    assert b"host: a:81\r\n" in other
    assert b"secret" not in other
