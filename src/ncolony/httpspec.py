"""How a process's file asks for HTTP checks, checked before any of it is used."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from . import checkkeys, forms, httptarget
from .checkkeys import DEFAULT_GRACE, GRACE, PERIOD, CheckKeyError, Field
from .faults import Fault, shown
from .forms import Form
from .httptarget import Target
from .values import MAX_SECONDS, Wrong, string, whole

#: The key of a process's file.
KEY = "ncolony.httpcheck"
#: Where the file doesn't say.
DEFAULT_TIMEOUT_S = 5.0
DEFAULT_MAX_BAD = 2
#: So much of an answer's body is searched for a text.
BODY_BYTES = 64 * 1024
#: Below it, a timer's own lateness would count.
MIN_TIMEOUT_S = 0.01
_MAX_MAX_BAD = 1000
#: A field's name, RFC 9110 section 5.1, and what may be in its value without changing what is sent.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[!-~]([\t -~]*[!-~])?|")
#: What the check itself says of the connection and of the request's body, which is empty.
_OURS = frozenset(("connection", "content-length", "transfer-encoding", "upgrade", "te"))


class HttpCheck(NamedTuple):
    """What is asked for, how often, and which answer is a good one.

    ``statuses`` are those that are good, empty for 200 to 399. ``text`` is to be in the body's
    first ``BODY_BYTES``, unless empty. More than ``max_bad`` bad answers one after the other bring
    a restart. ``ca`` is a file of certificates to trust, or empty for the system's. ``warnings``
    are for people.
    """

    target: Target
    period_s: float
    timeout_s: float = DEFAULT_TIMEOUT_S
    grace: float = DEFAULT_GRACE
    max_bad: int = DEFAULT_MAX_BAD
    method: str = "GET"
    statuses: frozenset[int] = frozenset()
    text: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    redirects: bool = False
    ca: str = ""
    verify: bool = True
    warnings: tuple[str, ...] = ()

    @property
    def grace_s(self) -> float:
        """How long after a start nothing is asked."""
        return self.period_s * self.grace

    def is_good(self, status: int) -> bool:
        """Whether an answer's status is one that a healthy process has."""
        return status in self.statuses if self.statuses else 200 <= status <= 399

    @property
    def allowed(self) -> str:
        """Which statuses are good, in words."""
        return ", ".join(map(str, sorted(self.statuses))) or "200 to 399"


def _url(value: Any) -> Target:
    return httptarget.parse(string(value))


def _statuses(value: Any) -> frozenset[int]:
    if not isinstance(value, list) or not value:
        raise Wrong(shown(value))
    return frozenset([whole(item, 200, 599, f"[{at}]") for at, item in enumerate(value)])


def _text(value: Any) -> bytes:
    text = string(value).encode("utf-8", "surrogateescape")
    if not 0 < len(text) <= BODY_BYTES:
        raise Wrong(shown(value))
    return text


def _headers(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise Wrong(shown(value))
    fields = tuple([_header(name, found) for name, found in value.items()])
    if len({name.lower() for name, _ in fields}) < len(fields):
        raise Wrong("a name twice, for upper and lower case make no difference")
    return fields


def _header(name: str, value: Any) -> tuple[str, str]:
    where = f"[{shown(name)}]"
    if not _TOKEN.fullmatch(name) or name.lower() in _OURS:
        raise Wrong(f"the name {shown(name)}")
    if not isinstance(value, str) or not _FIELD_VALUE.fullmatch(value):
        raise Wrong(shown(value), where)
    return name, value


_URL = Form(httptarget.ALLOWED, forms.matching(httptarget.PATTERN), _url)
_TIMEOUT = forms.seconds(
    MIN_TIMEOUT_S, f"seconds, {MIN_TIMEOUT_S:g} to {MAX_SECONDS}, or a number with a unit"
)
_STATUSES = Form(
    "a list of whole numbers from 200 to 599",
    {**forms.list_of(forms.whole(200, 599).schema), "minItems": 1},
    _statuses,
)
_TEXT = Form(
    f"a string of 1 to {BODY_BYTES} bytes",
    {"minLength": 1, "maxLength": BODY_BYTES, **forms.ref("string")},
    _text,
)
_HEADERS = Form(
    "an object of strings in ASCII, without those names that say how a request is sent",
    {
        "type": "object",
        "propertyNames": {
            "pattern": f"^{_TOKEN.pattern}$",
            "not": {"pattern": f"^({'|'.join(map(forms.any_case, sorted(_OURS)))})$"},
        },
        "additionalProperties": forms.matching(_FIELD_VALUE.pattern),
    },
    _headers,
)
FIELDS: dict[str, Field] = {
    "url": Field(*_URL, "what is asked for", None),
    "period": Field(*PERIOD, "from one check to the next", None),
    "timeout": Field(
        *_TIMEOUT,
        "from the beginning of a check to all of its answer",
        f"{DEFAULT_TIMEOUT_S:g}",
    ),
    "grace": Field(*GRACE, "so many periods after a start it isn't checked", f"{DEFAULT_GRACE:g}"),
    "maxBad": Field(
        *forms.whole(0, _MAX_MAX_BAD),
        "with more bad answers than that in a row, it is restarted",
        f"{DEFAULT_MAX_BAD}",
    ),
    "method": Field(
        *forms.one_of("GET", "HEAD"),
        "how it is asked for",
        '"GET"',
    ),
    "status": Field(*_STATUSES, "the good statuses", "200 to 399"),
    "text": Field(*_TEXT, "what has to be in the first 64 KiB of the answer's body", "anything"),
    "headers": Field(*_HEADERS, "header fields that are sent along", "none"),
    "redirects": Field(*forms.TRUTH, "whether to follow redirects, at most 5", "false"),
    "ca": Field(
        *forms.PATH,
        "a file of certificates in PEM, to be trusted instead of the system's",
        "the system's",
    ),
    "verify": Field(*forms.TRUTH, "whether a certificate has to be valid", "true"),
}
#: The names of the values, where those are other ones.
_NAMES = {
    "url": "target",
    "period": "period_s",
    "timeout": "timeout_s",
    "maxBad": "max_bad",
    "status": "statuses",
}


def parse(text: bytes) -> HttpCheck | None:
    """What a process's file asks for; None where it doesn't. Raises CheckKeyError.

    All else that is in the file is the monitor's business.
    """
    wanted = checkkeys.read(text, KEY, FIELDS)
    if wanted is None:
        return None
    values = {_NAMES.get(key, key): value for key, value in wanted.values.items()}
    check = HttpCheck(**values, warnings=wanted.warnings)
    if check.text and check.method == "HEAD":
        raise _fault("text", "found with method HEAD, whose answer has no body; allowed: GET")
    secure = check.target.scheme == "https"
    if check.ca and not (secure and check.verify):
        why = "verify false" if secure else f"a URL of {check.target.scheme}"
        raise _fault("ca", f"found with {why}; allowed: https that is verified")
    return check


def _fault(key: str, message: str) -> CheckKeyError:
    return CheckKeyError(Fault(f"{KEY}.{key}", message))
