"""Completions for shells: the parser's, by shtab, and the names of the processes."""

from __future__ import annotations

from argparse import ArgumentParser

import shtab

from .arguments import PROCESS

_BASH = """
_ncolony_processes() {
  local i dir="${NCOLONY_DIR:+$NCOLONY_DIR/config}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      --colony) dir="${COMP_WORDS[i + 1]}/config" ;;
      --config) dir="${COMP_WORDS[i + 1]}" ;;
    esac
  done
  [ -d "$dir" ] && compgen -W "$(ls -- "$dir" 2>/dev/null | grep -v '\\.new$\\|~$')" -- "$1"
}
"""
_ZSH = """
_ncolony_processes() {
  local i dir="${NCOLONY_DIR:+$NCOLONY_DIR/config}"
  for ((i = 1; i < $#words; i++)); do
    case "$words[i]" in
      --colony) dir="$words[i+1]/config" ;;
      --config) dir="$words[i+1]" ;;
    esac
  done
  local -a names
  [ -d "$dir" ] && names=("$dir"/*(N:t)) && compadd -- ${names:#*(.new|\\~)}
}
"""
_COMPLETE = {"bash": "_ncolony_processes", "zsh": "_ncolony_processes", "tcsh": ""}


def script(parser: ArgumentParser, commands: dict[str, ArgumentParser], shell: str) -> str:
    """The text for a shell to read, such as ``bash`` does from ``~/.bash_completion``."""
    for command in commands.values():
        for action in command._actions:
            if getattr(action, "complete", None) == PROCESS:
                action.complete = _COMPLETE  # type: ignore[attr-defined]
            elif action.dest in {"colony", "config", "messages", "status", "logs", "cwd"}:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
            elif action.dest in {"file", "extras", "env_file"}:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(parser, shell, preamble={"bash": _BASH, "zsh": _ZSH}.get(shell, ""))
