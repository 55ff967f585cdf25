"""TLS with whoever answers, for checks whose files say ``"verify": false``."""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions
from zope.interface import implementer


@implementer(IOpenSSLClientConnectionCreator)
class Unverified:
    """Connects to a host by its name, and takes any certificate."""

    def __init__(self, host: str) -> None:
        named = not (isIPAddress(host) or isIPv6Address(host))
        self._name = host.encode("ascii") if named else None
        self._context = CertificateOptions(verify=False).getContext()

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """Called by Twisted for each connection."""
        connection = SSL.Connection(self._context, None)
        if self._name is not None:
            connection.set_tlsext_host_name(self._name)
        return connection
