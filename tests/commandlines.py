"""The command lines of ours in a shell's text, read by the parsers that they are for."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from unittest import mock

from twisted.python.usage import Options

from ncolony import cli
from ncolony.beatcheck.service import Options as BeatcheckOptions
from ncolony.control import beating, commands
from ncolony.control.arguments import COMMANDS
from ncolony.httpcheck.service import Options as HttpcheckOptions
from ncolony.options import Options as MonitorOptions
from ncolony.scheduler.options import Options as SchedulerOptions

PLUGINS: dict[str, type[Options]] = {
    "ncolony": MonitorOptions,
    "ncolony-beatcheck": BeatcheckOptions,
    "ncolony-httpcheck": HttpcheckOptions,
    "ncolony-scheduler": SchedulerOptions,
}
_HERE = re.compile(r"<<-?\s*['\"]?(\w+).*?^\1$", re.DOTALL | re.MULTILINE)
_OURS = re.compile(r"(/.+/bin/)?(ncolony|twistd|twisted)")
#: Behind these, our name is that of a package, a directory or a service.
_OF_OTHERS = frozenset(("cd", "pip", "systemctl", "journalctl", "rc-update", "rc-service"))
_OPERATORS = frozenset("();<>|&\n")


def first_words(text: str) -> Iterator[str]:
    """The first word of each line of a shell's text, continued lines joined."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            yield "(" if line.startswith("(") else line.split()[0]


def ours(text: str) -> Iterator[list[str]]:
    """Each command line of ``ncolony``, ``twistd`` and ``twisted``, wherever it stands.

    Contents of here-documents are passed over. Raises ValueError where a quote has no end.
    """
    text = _HERE.sub("", text)
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, "\n"]:
            if set(word) <= _OPERATORS:
                yield from _starting_with_ours(command)
                command = []
            else:
                command.append(word)


def _starting_with_ours(command: list[str]) -> Iterator[list[str]]:
    if command and command[0].rpartition("/")[2] in _OF_OTHERS:
        return
    for at, word in enumerate(command):
        if _OURS.fullmatch(word):
            yield [word.rpartition("/")[2], *command[at + 1 :]]
            return


def fault(words: list[str]) -> str:
    """Why a command line that ``ours`` gives isn't accepted; empty where it is."""
    program, *others = words
    if program == "ncolony":
        at = 0
        while others[at : at + 1] and others[at].startswith("--"):
            at += 1 if "=" in others[at] else 2
        if others[at : at + 1] == ["run"]:
            return _unknown_option(MonitorOptions, others)
        return _cli_fault(others)
    for at, word in enumerate(others):
        if word in PLUGINS:
            return _unknown_option(PLUGINS[word], others[at + 1 :])
    return f"found none of {', '.join(PLUGINS)}"


def _unknown_option(kind: type[Options], words: list[str]) -> str:
    known = {option.rstrip("=") for option in kind().longOpt}
    for word in words:
        if word.startswith("--") and word[2:].partition("=")[0] not in known:
            return f"{word} is not an option of it"
    return ""


def _cli_fault(words: list[str]) -> str:
    """What the control program says of a command line, of which nothing is carried out."""
    said = io.StringIO()
    with (
        mock.patch.object(commands, "run", return_value=0),
        mock.patch.object(beating, "run", return_value=0),
        contextlib.redirect_stderr(said),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        try:
            cli.main(words)
        except SystemExit as error:
            return said.getvalue() if error.code else ""
    return ""


def unknown_words(mention: str) -> list[str]:
    """The command, or the options, that a form such as ``ncolony logs [-f] [--since TIME]`` has and
    the control program hasn't."""
    words = re.findall(r"[^\s\[\]]+", mention.partition(" -- ")[0])[1:]
    while words[:1] and words[0].startswith("--"):
        words = words[2:]
    _, parsers = cli.build(cli.PROGRAM, COMMANDS)
    names = [name for name in parsers if words[: len(name.split())] == name.split()]
    if not names:
        return words[:1]
    known = {f"--{option.rstrip('=')}" for option in MonitorOptions().longOpt}
    if names != ["run"]:
        known = set(re.findall(r"--[a-z-]+", parsers[max(names, key=len)].format_help()))
    return [word for word in words if word.startswith("--") and word not in known]
