"""A real checker and real servers, good and bad ones: each gets the verdict it deserves."""

from __future__ import annotations

import json
import re
import resource
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from colony import DEADLINE_S, Colony, until
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
ASTRAY = MOVED.replace(b": /", b": http://[x")
#: What has come of a connection once it is known.
Answer = Callable[[socket.socket, bytes], None]


def says(text: bytes) -> Answer:
    return lambda connection, _: connection.sendall(text)


def goes_on_for_ever(connection: socket.socket, _: bytes) -> None:
    """A body without an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def leads_to_root(connection: socket.socket, asked: bytes) -> None:
    connection.sendall(OK if asked.startswith(b"GET / ") else MOVED)


def says_nothing(connection: socket.socket, _: bytes) -> None:
    connection.recv(1)


class Servers:
    """Listening sockets, each with a thread that answers one connection after the other."""

    def __init__(self, ends: ExitStack) -> None:
        self._ends = ends

    def tcp(self, answer: Answer, tls: ssl.SSLContext | None = None) -> int:
        """The port of a server on the loopback interface."""
        listening = socket.create_server(("127.0.0.1", 0))
        self._serve(listening, answer, tls)
        port: int = listening.getsockname()[1]
        return port

    def unix(self, path: Path, answer: Answer) -> None:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen()
        self._serve(listening, answer, None)

    def _serve(self, listening: socket.socket, answer: Answer, tls: ssl.SSLContext | None) -> None:
        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return  # the end of the test
                try:
                    with tls.wrap_socket(connection, server_side=True) if tls else connection as it:
                        answer(it, it.recv(65536))
                except OSError:
                    pass  # who asks may leave

        thread = threading.Thread(target=serve)
        thread.start()
        self._ends.callback(thread.join)
        self._ends.callback(listening.close)
        self._ends.callback(listening.shutdown, socket.SHUT_RDWR)


@pytest.fixture
def servers() -> Iterator[Servers]:
    with ExitStack() as ends:
        yield Servers(ends)


@pytest.fixture
def checked(colony: Colony) -> Checked:
    return Checked(colony)


class Checked:
    """A colony whose processes only sleep, and are asked for what a test has them asked."""

    def __init__(self, colony: Colony) -> None:
        self.colony = colony

    def process(self, name: str, url: str, **key: Any) -> None:
        """One that is asked often. A server's time is up only where that is what is tested."""
        check = {"url": url, "period": 0.3, "timeout": DEADLINE_S, "grace": 0, "maxBad": 1000}
        self.colony.configure(name, "sleep", "600", **{"ncolony.httpcheck": {**check, **key}})

    def begin(self) -> None:
        """The monitor runs, and the checker with it."""
        self.colony.start()
        command = [sys.executable, "-m", "twisted", "--log-format=text", "ncolony-httpcheck"]
        options = ["--colony", str(self.colony.root), "--freq", "0.5"]
        self.colony.configure("httpcheck", *command, *options)
        self.colony.running("httpcheck")

    def result(self, name: str) -> tuple[str, str]:
        """The state and the result of the first check that the machine let be made."""
        path = self.colony.status / ".checks" / name

        def found() -> dict[str, Any] | None:
            document = json.loads(path.read_text()) if path.exists() else {}
            result = document.get("result")
            return document if result and "we were held up" not in result else None

        document = until(found, f"{name} is checked")
        return document["state"], document["result"]


def certificate(directory: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """One that signs itself, for this name, and what serves with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    local = x509.IPAddress(ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), local]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context


GOOD = r"\d+ in \d+ ms"


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that is taken, and on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_each_server_gets_its_verdict(checked: Checked, servers: Servers, nobody: int) -> None:
    """Over TCP: by its status, its text, its redirects, or by what is wrong with it."""
    expected = {}

    def one(name: str, port: int, state: str, result: str, **key: Any) -> None:
        path, host = key.pop("path", "/"), key.pop("host", "127.0.0.1")
        checked.process(name, f"http://{host}:{port}{path}", **key)
        expected[name] = state, result

    one("good", servers.tcp(says(OK)), "healthy", GOOD)
    one("name", servers.tcp(says(OK)), "healthy", GOOD, host="localhost")
    one("head", servers.tcp(says(OK[:-5])), "healthy", GOOD, method="HEAD")
    one("text", servers.tcp(says(OK)), "healthy", GOOD, text="ready")
    one("other-text", servers.tcp(says(OK)), "unhealthy", '.*"no" is not in.*', text="no")
    one("endless", servers.tcp(goes_on_for_ever), "healthy", GOOD)
    one("endless-text", servers.tcp(goes_on_for_ever), "unhealthy", ".*not in.*", text="y")
    one(
        "listed", servers.tcp(says(OK)), "unhealthy", "found status 200; allowed: 204", status=[204]
    )
    one("moved", servers.tcp(leads_to_root), "healthy", "302 in .*", path="/a")
    one("led", servers.tcp(leads_to_root), "healthy", "200 in .*", path="/a", redirects=True)
    one("circle", servers.tcp(says(MOVED)), "unhealthy", "sent on more than 5.*", redirects=True)
    one("astray", servers.tcp(says(ASTRAY)), "unhealthy", "sent on to .*", redirects=True)
    one("silent", servers.tcp(says_nothing), "unhealthy", "timed out after 1 s", timeout=1)
    one("ssh", servers.tcp(says(b"SSH-2.0-x\r\n\r\n")), "unhealthy", ".*no valid HTTP.*")
    one("leaves", servers.tcp(says(b"HTTP/1.1 2")), "unhealthy", "closed the connection.*")
    one("nobody", nobody, "unhealthy", "cannot connect to 127.0.0.1:.*: Connection refused")
    checked.begin()
    found = {name: checked.result(name) for name in expected}
    wrong = {
        name: found[name]
        for name, (state, result) in expected.items()
        if found[name][0] != state or not re.fullmatch(result, found[name][1])
    }
    assert wrong == {}


def test_a_checker_without_descriptors_has_nobody_restarted(
    checked: Checked, servers: Servers
) -> None:
    """That it can't ask is said, counts for nothing, and is over when there are some again."""
    colony = checked.colony
    checked.process("web", f"http://127.0.0.1:{servers.tcp(says(OK))}/", maxBad=0)
    checked.begin()
    assert checked.result("web")[0] == "healthy"
    web, checker = colony.running("web"), colony.running("httpcheck")
    file = colony.status / ".checks" / "web"
    soft, hard = resource.prlimit(checker, resource.RLIMIT_NOFILE)
    resource.prlimit(checker, resource.RLIMIT_NOFILE, (3, hard))
    colony.said(b"Too many open files")
    resource.prlimit(checker, resource.RLIMIT_NOFILE, (soft, hard))
    asked_at = json.loads(file.read_text())["last"]

    def is_healthy_again() -> bool:
        found = json.loads(file.read_text())
        return found["state"] == "healthy" and found["last"] > asked_at

    until(is_healthy_again, "it checks again")
    assert colony.running("web") == web


def test_a_unix_socket_is_asked(checked: Checked, servers: Servers, tmp_path: Path) -> None:
    """A missing one, or one whose queue is full, is a bad answer, and holds up nobody."""
    servers.unix(tmp_path / "good", says(OK))
    full = socket.socket(socket.AF_UNIX)
    waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    try:
        full.bind(str(tmp_path / "full"))
        full.listen(0)
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(str(tmp_path / "full"))
        for name in ("good", "full", "missing"):
            checked.process(name, f"unix:{tmp_path}/{name}:/health")
        checked.begin()
        assert checked.result("good")[0] == "healthy"
        assert checked.result("missing") == (
            "unhealthy",
            f"cannot connect to {tmp_path}/missing: No such file or directory",
        )
        assert checked.result("full") == (
            "unhealthy",
            f"cannot connect to {tmp_path}/full: its queue of connections is full",
        )
    finally:
        for connection in (full, *waiting):
            connection.close()


def test_tls_is_verified(checked: Checked, servers: Servers, tmp_path: Path) -> None:
    """By the system's certificates, or by those of a file; or not, where the file says so."""
    ca, context = certificate(tmp_path, "web.example")
    port = servers.tcp(says(OK), context)
    url = f"https://127.0.0.1:{port}/"
    checked.process("unknown", url)
    checked.process("known", url, ca=str(ca))
    checked.process("any", url, verify=False)
    checked.process("no-name", "https://xn--a/")
    checked.process("no-plain-name", "http://xn--a/")
    checked.process("no-file", url, ca=f"{tmp_path}/nowhere")
    checked.process("plain", f"https://127.0.0.1:{servers.tcp(says(OK))}/")
    checked.begin()
    assert checked.result("known")[0] == "healthy"
    assert checked.result("any")[0] == "healthy"
    state, result = checked.result("unknown")
    assert (state, "certificate" in result) == ("unhealthy", True), result
    assert checked.result("no-file") == (
        "waiting",
        f"cannot check: cannot read {tmp_path}/nowhere: No such file or directory",
    )
    assert checked.result("plain")[0] == "unhealthy"
    for name, result in (
        ("no-name", "cannot check: xn--a is no host's name: "),
        ("no-plain-name", "cannot check: invalid hostname: xn--a"),
    ):
        state, found = checked.result(name)
        assert (state, found[: len(result)]) == ("waiting", result)
