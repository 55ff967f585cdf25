"""What a URL of a check means: where to connect, and what to ask for there."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from .faults import shown
from .values import Wrong

#: The port where a URL names none.
PORTS = {"http": 80, "https": 443}
ALLOWED = "http://HOST[:PORT]/PATH, https://HOST[:PORT]/PATH, or unix:SOCKET[:/PATH]"
#: The same, as far as a pattern can say it.
PATTERN = r"[Hh][Tt][Tt][Pp][Ss]?://[!-~]+|[Uu][Nn][Ii][Xx]:/[!-~]*"
#: sun_path of unix(7), with the NUL that ends it.
MAX_SOCKET_BYTES = 107
#: What may be in a URL, RFC 3986; a space or a line's end would change what is sent.
_CHARACTERS = re.compile(r"[!-~]+")
#: A name as RFC 1123 section 2.1 has it, or what may be an address of IPv6.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


class Target(NamedTuple):
    """Where to connect: to ``host`` and ``port``, or where ``socket`` isn't empty, to that.

    ``host`` is a name or an address, of IPv6 without brackets. ``path`` is what is asked for, with
    the query. ``scheme`` is http, https or unix.
    """

    scheme: str
    host: str
    port: int
    path: str
    socket: str = ""

    @property
    def authority(self) -> str:
        """What the Host field of a request says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int, str]:
        """Whom it is asked of: a secret for one isn't for another."""
        return self.scheme, self.host.lower(), self.port, self.socket


def parse(url: str) -> Target:
    """Raises Wrong for what is no URL of a check."""
    if not _CHARACTERS.fullmatch(url):
        raise Wrong(shown(url))
    if url.lower().startswith("unix:"):
        return _unix(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Wrong(shown(url)) from None
    scheme, host = parts.scheme, parts.hostname or ""
    if scheme not in PORTS or not _HOST.fullmatch(host) or port == 0:
        raise Wrong(shown(url))
    if "@" in parts.netloc:
        raise Wrong("a user's name in the URL, which goes into headers")
    return Target(scheme, host, port or PORTS[scheme], _path(parts))


def redirected(target: Target, location: str) -> Target:
    """Where an answer sends on to, from there. Raises Wrong."""
    if not _CHARACTERS.fullmatch(location):
        raise Wrong(shown(location))
    try:
        if target.scheme != "unix":
            base = f"{target.scheme}://{target.authority}{target.path}"
            return parse(urljoin(base, location))
        path = urljoin(target.path, location)
        parts = urlsplit(path)
    except ValueError:
        raise Wrong(shown(location)) from None
    return target._replace(path=_path(parts)) if path.startswith("/") else parse(path)


def _unix(url: str) -> Target:
    """As nginx writes it: a path, a colon, and the path to ask for."""
    socket, colon, path = url[len("unix:") :].partition(":")
    good = socket.startswith("/") and len(socket.encode()) <= MAX_SOCKET_BYTES
    if not good or (colon and not path.startswith("/")):
        raise Wrong(shown(url))
    return Target("unix", "localhost", 80, _path(urlsplit(path)), socket)


def _path(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return (parts.path or "/") + query
