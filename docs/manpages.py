"""The manual pages: ``docs/man/NAME.SECTION.in`` with what is made from the code in place.

A page is written in the macros of man(7). It has ``.\\" generated: NAME`` where a list of options,
keys or exit codes goes; ``LISTS`` says what makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import exitcodes
import optionrows
from optionrows import Known, Row

from ncolony import beatspec, checkkeys, httpspec, logspec
from ncolony.beatcheck.service import Options as BeatcheckOptions
from ncolony.fields import FIELDS, Field
from ncolony.httpcheck.service import Options as HttpcheckOptions
from ncolony.logspec import KEYS
from ncolony.options import Options
from ncolony.scheduler.jobfields import JOB_FIELDS, REFUSED
from ncolony.scheduler.options import Options as SchedulerOptions
from ncolony.schemas.wording import sentence

TEMPLATES = Path(__file__).parent / "man"
MARK = re.compile(r'^\.\\" generated: ([a-z-]+)\n', re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
#: What groff(7) would take for something else, or show as another sign.
_SIGNS = {
    "\\": r"\e",
    "-": r"\-",
    "'": r"\(aq",
    "`": r"\(ga",
    "^": r"\(ha",
    "~": r"\(ti",
    "…": "...",
}


def pages() -> Iterator[tuple[str, str]]:
    """Each page: where it goes below ``man``, and its text."""
    for template in sorted(TEMPLATES.glob("*.in")):
        name = template.name.removesuffix(".in")
        section = name.rpartition(".")[2]
        text = template.read_text(encoding="utf-8")
        yield f"man{section}/{name}", MARK.sub(lambda mark: LISTS[mark[1]]() + "\n", text)


def plain(text: str) -> str:
    """Text as groff(7) takes it: what is there is what is shown."""
    signs = (_SIGNS.get(sign, sign) for sign in text)
    return _begun("".join(signs))


def prose(text: str) -> str:
    """A sentence of the tables: what is code there is bold, and a link is its text."""
    pieces = _LINK.sub(r"\1", text).split("`")
    shown = [_bold(piece) if at % 2 else plain(piece) for at, piece in enumerate(pieces)]
    return _begun("".join(shown))


def _bold(text: str) -> str:
    return rf"\fB{plain(text)}\fR"


def _begun(line: str) -> str:
    """A dot that begins a line would make it a request."""
    return rf"\&{line}" if line.startswith(".") else line


def _item(tag: str, *paragraphs: str) -> str:
    """An item of a list, its tag ready for groff."""
    body = "\n.IP\n".join(prose(paragraph) for paragraph in paragraphs if paragraph)
    return f".TP\n{tag}\n{body}" if body else f".TP\n{tag}\n\\&"


def _options(rows: Iterable[Row]) -> str:
    items = []
    for row in rows:
        names = ", ".join(map(_bold, row.names))
        meaning = f"{row.meaning} [{row.default}]" if row.default else row.meaning
        items.append(_item(names + _value(row), meaning))
    return "\n".join(items)


def _value(row: Row) -> str:
    """What follows an option, or an operand: capitals are for others to fill in."""
    words = re.sub(r"[A-Z]+", lambda word: rf"\fI{word[0]}\fR", plain(row.value))
    return f" {words}" if row.names and row.value not in ("", "=") else words


def _commands() -> str:
    return "\n".join(map(_command, optionrows.commands().values()))


def _command(known: Known) -> str:
    operands = " ".join(_value(row) for row in known.operands)
    lines = [f'.SS "{f"{plain(known.name)} {operands}".rstrip()}"', prose(known.description)]
    told = [row for row in known.operands if row.meaning]
    lines += [_item(rf"\fI{plain(row.value.strip('[].'))}\fR", row.meaning) for row in told]
    lines += [_options(known.options)] if known.options else []
    lines += [".PP", ".EX", plain(f"ncolony {known.command.example}"), ".EE"]
    return "\n".join(lines)


def _key(name: str, meaning: str, *more: str) -> str:
    return _item(_bold(name), meaning, " ".join(more))


def _allowed(row: Field | logspec.Key | checkkeys.Field) -> str:
    return f"Allowed: {row.allowed}."


def _fields(rows: Iterable[Field]) -> str:
    return "\n".join(_key(row.name, row.meaning, _allowed(row)) for row in rows)


def _log_keys() -> str:
    return "\n".join(_key(name, key.meaning, _allowed(key)) for name, key in KEYS.items())


def _check_keys(fields: Mapping[str, checkkeys.Field]) -> str:
    return "\n".join(
        _key(name, sentence(field.meaning), _allowed(field), _default(field))
        for name, field in fields.items()
    )


def _default(field: checkkeys.Field) -> str:
    return "It has to be there." if field.default is None else f"Default: {field.default}."


def _codes(codes: exitcodes.Codes) -> str:
    return "\n".join(_item(plain(str(code)), meaning) for code, meaning in codes)


def _refused() -> str:
    return "\n".join(_key(name, why) for name, why in REFUSED.items())


LISTS: dict[str, Callable[[], str]] = {
    "beatcheck-keys": lambda: _check_keys(beatspec.FIELDS),
    "beatcheck-options": lambda: _options(optionrows.twisted(BeatcheckOptions)),
    "commands": _commands,
    "exit-codes": lambda: _codes(exitcodes.CONTROL),
    "fields": lambda: _fields(FIELDS.values()),
    "httpcheck-keys": lambda: _check_keys(httpspec.FIELDS),
    "httpcheck-options": lambda: _options(optionrows.twisted(HttpcheckOptions)),
    "job-fields": lambda: _fields(JOB_FIELDS.values()),
    "job-refused": _refused,
    "log-keys": _log_keys,
    "monitor-exit-codes": lambda: _codes(exitcodes.MONITOR),
    "monitor-options": lambda: _options(optionrows.twisted(Options)),
    "places": lambda: _options(optionrows.places()),
    "scheduler-exit-codes": lambda: _codes(exitcodes.SCHEDULER),
    "scheduler-options": lambda: _options(optionrows.twisted(SchedulerOptions)),
}
