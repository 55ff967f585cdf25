"""Completions, typed into a shell on a terminal of its own."""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from colony import until

from needed import need

BIN = Path(sys.executable).parent
#: Tab completes; Control-T tells what the line is by then, in a file that ends with a full stop.
BASH = """\
tell() { printf '%s.' "$READLINE_LINE" >told.new && mv told.new told; READLINE_LINE=; }
bind -x '"\\C-t": tell'; bind 'set show-all-if-ambiguous off'
. ./completions
touch ready
"""
ZSH = """\
tell() { print -rn -- "$BUFFER." >told.new && mv told.new told; BUFFER= }
zle -N tell; bindkey '^T' tell; bindkey '^I' complete-word
mv completions _ncolony; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D
touch ready
"""


COMMANDS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], BASH),
    "zsh": (["zsh", "-f", "-i"], ZSH),
}


class Shell:
    """An interactive shell in ``folder``, with nothing of the user's."""

    def __init__(self, name: str, folder: Path) -> None:
        command, keys = COMMANDS[name]
        self.folder = folder
        ours, theirs = pty.openpty()
        self._terminal = ours
        self._shell = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb"},
            stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        os.set_blocking(ours, False)
        (folder / "keys").write_text(keys)
        self._type(". ./keys\n")
        self._until_there("ready")

    def completed(self, line: str) -> str:
        """What a line becomes by Tab."""
        told = self.folder / "told"
        told.unlink(missing_ok=True)
        self._type(f"{line}\t\x14")
        self._until_there("told")
        return told.read_text().removesuffix(".")

    def close(self) -> None:
        self._shell.send_signal(signal.SIGKILL)
        self._shell.wait()
        os.close(self._terminal)

    def _type(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def _until_there(self, name: str) -> None:
        """Read what the shell says meanwhile: a full terminal would hold it up."""

        def there() -> bool:
            try:
                os.read(self._terminal, 65536)
            except BlockingIOError:
                pass
            return (self.folder / name).exists()

        until(there, name)


@pytest.fixture(scope="module", params=COMMANDS)
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    need(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    completions = subprocess.run(
        [BIN / "ncolony", "completion", request.param], capture_output=True, check=True
    ).stdout
    (folder / "completions").write_bytes(completions)
    for path in ("config/web", "config/web.new", "config/web~", "jobs/backup", "a b/config/lives"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    found = Shell(request.param, folder)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("ncolony stat", "ncolony status "),
        ("ncolony --colony . restart ", "ncolony --colony . restart web "),
        ("ncolony restart --config config w", "ncolony restart --config config web "),
        ("ncolony --colony . job run ", "ncolony --colony . job run backup "),
        ("ncolony job run --jobs jobs b", "ncolony job run --jobs jobs backup "),
        ("ncolony --colony ~/ stop w", "ncolony --colony ~/ stop web "),
        ("cd x; ncolony stop --config ~/config w", "cd x; ncolony stop --config ~/config web "),
        ("ncolony --colony 'a b' stop l", "ncolony --colony 'a b' stop lives "),
        ("ncolony restart ", "ncolony restart "),
        ("ncolony add --res", "ncolony add --restart "),
        ("ncolony add --restart on-f", "ncolony add --restart on-failure "),
        ("ncolony add-plugins sch", "ncolony add-plugins scheduler "),
    ],
)
def test_a_shell_completes(shell: Shell, line: str, becomes: str) -> None:
    """Commands, options, their values, processes and jobs."""
    assert shell.completed(line) == becomes


def test_a_shell_carries_out_no_name(shell: Shell) -> None:
    """Whoever may write a process's file would have who completes run a command."""
    name = "x$(touch out)`touch out`; touch out"
    (shell.folder / "config" / name).touch()
    found = shell.completed("ncolony --colony . restart x")
    assert shlex.split(found) == ["ncolony", "--colony", ".", "restart", name]
    assert not (shell.folder / "out").exists()
