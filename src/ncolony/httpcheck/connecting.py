"""Where a check connects to, and what it means when that fails."""

from __future__ import annotations

import os
from errno import EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM
from typing import Any

from twisted.internet import endpoints, error
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.python.failure import Failure

from ..httpspec import HttpCheck
from ..httptarget import Target
from .outcome import Outcome, Verdict
from .tls import Contexts

#: What we are short of ourselves says nothing of whom we ask.
_OURS = frozenset((EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM))
#: No time-out: Twisted's own would be half a minute.
_NEVER_S = 1e6


def endpoint(reactor: Any, contexts: Contexts, check: HttpCheck, target: Target) -> Any:
    """Where to connect to. Raises TlsError."""
    if target.socket:
        place: tuple[object, ...] = (target.socket,)
        kind: Any = endpoints.UNIXClientEndpoint
    else:
        place = target.host, target.port
        kind = _kind(target.host)
    plain = kind(reactor, *place, timeout=_NEVER_S)
    if target.scheme == "https":
        creator = contexts.creator(target.host, check.ca, verify=check.verify)
        return endpoints.wrapClientTLS(creator, plain)
    return plain


def _kind(host: str) -> Any:
    """A name is looked up, for twice the price of an address."""
    if isIPAddress(host):
        return endpoints.TCP4ClientEndpoint
    return endpoints.TCP6ClientEndpoint if isIPv6Address(host) else endpoints.HostnameEndpoint


def no_connection(failure: Failure, target: Target) -> Outcome:
    """What it says of a process that it could not be connected to."""
    found = failure.value
    if isinstance(found, error.DNSLookupError):
        return Outcome(Verdict.NONE, f"cannot check: no address of {target.host} is found")
    if isinstance(found, ValueError):  # Twisted's word for a name that can't be one
        return Outcome(Verdict.NONE, f"cannot check: {found}")
    why = f"cannot connect to {target.socket or target.authority}: {_why_not(failure)}"
    if getattr(found, "osError", None) in _OURS:
        return Outcome(Verdict.NONE, f"cannot check: {why}")
    return Outcome(Verdict.BAD, why)


def _why_not(failure: Failure) -> str:
    """Why there is no connection, in a line."""
    found = failure.value
    number = getattr(found, "osError", None)
    if isinstance(number, int):
        return os.strerror(number)
    inner = found.args[0] if found is not None and found.args else None
    if isinstance(inner, Failure) and isinstance(inner.value, error.ConnectionDone):
        # What Twisted makes of EAGAIN for a Unix socket, connect(2).
        return "its queue of connections is full"
    return words(failure)


def words(reason: Failure) -> str:
    """Why a connection broke; of OpenSSL's errors, what they say at their end."""
    args = () if reason.value is None else reason.value.args
    details = args[0] if args else None
    if isinstance(details, list) and details:
        return "; ".join(str(detail[-1]) for detail in details)
    return reason.getErrorMessage() or type(reason.value).__name__
