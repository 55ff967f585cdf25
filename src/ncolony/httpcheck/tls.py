"""Whom a check over TLS trusts."""

from __future__ import annotations

import os
from typing import Any

_END = b"-----END CERTIFICATE-----"
#: So many hosts' settings are kept.
_MAX_KEPT = 1000


class TlsError(Exception):
    """A check over TLS that can't be made; ``str()`` says why."""


class Contexts:
    """What TLS needs to connect to a host: made once, and again when certificates have changed.

    OpenSSL is imported when the first https URL is checked.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, bool], tuple[object, Any]] = {}

    def creator(self, host: str, ca: str, *, verify: bool) -> Any:
        """Twisted's maker of connections to a host. Raises TlsError.

        ``ca`` is a file of certificates in PEM to trust, or empty for the system's.
        """
        key = host, ca, verify
        identity = _identity(ca) if ca else None
        known = self._known.get(key)
        if known is not None and known[0] == identity:
            return known[1]
        if len(self._known) >= _MAX_KEPT:
            self._known.clear()
        made = _creator(host, ca, verify)
        self._known[key] = identity, made
        return made


def _identity(path: str) -> object:
    try:
        found = os.stat(path)
    except OSError as error:
        raise TlsError(f"cannot read {path}: {error.strerror}") from None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _creator(host: str, ca: str, verify: bool) -> Any:
    try:
        from twisted.internet import ssl
    except ImportError as error:
        raise TlsError(f"https needs more: pip install 'ncolony[tls]' ({error})") from None
    if verify:
        trusted = _trusted(ssl, ca) if ca else None
        try:
            return ssl.optionsForClientTLS(host, trusted)
        except UnicodeError as error:  # such as xn--a, of which IDNA knows no meaning
            raise TlsError(f"{host} is no host's name: {error}") from None
    from .unverified import Unverified

    return Unverified(host)


def _trusted(ssl: Any, path: str) -> Any:
    from OpenSSL.crypto import Error

    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise TlsError(f"cannot read {path}: {error.strerror}") from None
    blocks = [block + _END for block in text.split(_END)[:-1]]
    try:
        found = [ssl.Certificate.loadPEM(block) for block in blocks]
    except Error:
        raise TlsError(f"cannot use {path}: found no valid certificate; allowed: PEM") from None
    if not found:
        raise TlsError(f"cannot use {path}: found no certificate; allowed: PEM")
    return ssl.trustRootFromCertificates(found)
