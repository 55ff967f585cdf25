"""Makes one check over a network or a Unix socket: connects, asks, follows redirects, judges.

Nothing here has a time-out of its own: whoever asked cancels when time is up, and that covers the
look-up of a name, the connection, TLS, all redirects and the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import error, protocol
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from .. import httptarget
from ..faults import shown
from ..httpspec import HttpCheck
from ..httptarget import Target
from ..values import Wrong
from . import connecting
from .exchange import Answer, Exchange, ExchangeError
from .outcome import Outcome, Verdict
from .tls import Contexts, TlsError

#: Whoever sends on more often than that does so forever.
MAX_REDIRECTS = 5


class Fetch:
    """Begins checks; ``done`` is called once with what came of it, unless it is cancelled before.

    ``mono`` is a clock in seconds, for how long it took.
    """

    def __init__(self, reactor: Any, mono: Callable[[], float]) -> None:
        self._reactor = reactor
        self._mono = mono
        self._contexts = Contexts()

    def __call__(self, check: HttpCheck, done: Callable[[Outcome], None]) -> Callable[[], None]:
        """Begin a check. What is returned cancels it, and does nothing after its end."""
        attempt = _Attempt(self._reactor, self._contexts, check, self._mono, done)
        attempt.begin(check.target)
        return attempt.cancel


class _Attempt:
    """One check, from its first connection to its outcome."""

    def __init__(
        self,
        reactor: Any,
        contexts: Contexts,
        check: HttpCheck,
        mono: Callable[[], float],
        done: Callable[[Outcome], None],
    ) -> None:
        self._reactor = reactor
        self._contexts = contexts
        self._check = check
        self._mono = mono
        self._done: Callable[[Outcome], None] | None = done
        self._begun_mono = mono()
        self._redirects = 0
        self._connecting: Deferred[Any] | None = None
        self._connection: _Connection | None = None

    def begin(self, target: Target) -> None:
        """Connect, and ask."""
        try:
            endpoint = connecting.endpoint(self._reactor, self._contexts, self._check, target)
        except TlsError as why:
            self._end(Verdict.NONE, f"cannot check: {why}")
            return
        own = target.origin == self._check.target.origin
        exchange = Exchange(self._check, target, headers=own)
        factory = protocol.Factory.forProtocol(
            lambda: _Connection(exchange, lambda found: self._answered(target, found))
        )
        factory.noisy = False
        self._connecting = attempt = endpoint.connect(factory)
        attempt.addCallbacks(self._connected, self._unconnected, errbackArgs=(target,))
        attempt.addErrback(self._broken)

    def cancel(self) -> None:
        """Drop it without an outcome."""
        self._done = None
        self._let_go()

    def _let_go(self) -> None:
        attempt, self._connecting = self._connecting, None
        connection, self._connection = self._connection, None
        if attempt is not None:
            attempt.cancel()
        if connection is not None:
            connection.abort()

    def _connected(self, connection: _Connection) -> None:
        self._connecting = None
        if self._done is None:
            connection.abort()
        elif not connection.ended:
            self._connection = connection

    def _unconnected(self, failure: Failure, target: Target) -> None:
        self._connecting = None
        self._end(*connecting.no_connection(failure, target))

    def _broken(self, failure: Failure) -> None:
        """The last resort: what isn't foreseen is no judgement of whom we ask."""
        self._connecting = None
        self._end(Verdict.NONE, f"cannot check: {failure.getErrorMessage()}")

    def _answered(self, target: Target, found: Answer | str) -> None:
        self._connection = None
        if isinstance(found, str):
            self._end(Verdict.BAD, found)
        elif self._check.redirects and found.location:
            self._follow(target, found.location)
        else:
            self._end(*self._judge(found))

    def _follow(self, target: Target, location: str) -> None:
        self._redirects += 1
        if self._redirects > MAX_REDIRECTS:
            self._end(Verdict.BAD, f"sent on more than {MAX_REDIRECTS} times")
            return
        try:
            following = httptarget.redirected(target, location)
        except Wrong:
            self._end(Verdict.BAD, f"sent on to {shown(location)}; allowed: {httptarget.ALLOWED}")
            return
        self.begin(following)

    def _judge(self, found: Answer) -> tuple[Verdict, str]:
        check = self._check
        if not check.is_good(found.status):
            return Verdict.BAD, f"found status {found.status}; allowed: {check.allowed}"
        if not found.has_text:
            text = shown(check.text.decode("utf-8", "replace"))
            return Verdict.BAD, f"{found.status}, and {text} is not in the answer"
        took_ms = (self._mono() - self._begun_mono) * 1e3
        return Verdict.GOOD, f"{found.status} in {took_ms:.0f} ms"

    def _end(self, verdict: Verdict, result: str) -> None:
        done, self._done = self._done, None
        self._let_go()
        if done is not None:
            done(Outcome(verdict, result))


class _Connection(protocol.Protocol):
    """Asks, and tells once: an answer, or in words why there is none."""

    transport: Any

    def __init__(self, exchange: Exchange, tell: Callable[[Answer | str], None]) -> None:
        self._exchange = exchange
        self._tell: Callable[[Answer | str], None] | None = tell
        self.ended = False

    def abort(self) -> None:
        """Close it at once, whatever is under way."""
        self._tell = None
        if self.transport is not None:
            self.transport.abortConnection()

    def connectionMade(self) -> None:
        self.transport.write(self._exchange.request())

    def dataReceived(self, data: bytes) -> None:
        if self._tell is not None:
            self._receive(data)

    def connectionLost(self, reason: Failure = protocol.connectionDone) -> None:
        if self._tell is None:
            self.ended = True
        elif isinstance(reason.value, (error.ConnectionDone, error.ConnectionLost)):
            self._receive(b"")
        else:
            self._end(f"the connection broke: {connecting.words(reason)}")

    def _receive(self, received: bytes) -> None:
        try:
            answer = self._exchange.received(received)
        except ExchangeError as wrong:
            self._end(str(wrong))
        else:
            if answer is not None:
                self._end(answer)

    def _end(self, found: Answer | str) -> None:
        tell, self._tell = self._tell, None
        self.ended = True
        self.transport.abortConnection()
        if tell is not None:
            tell(found)
