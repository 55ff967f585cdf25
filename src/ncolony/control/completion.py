"""Completions for shells: the parser's, by shtab, and the names of processes and jobs."""

from __future__ import annotations

from argparse import ArgumentParser

import shtab

from .arguments import JOB, PROCESS
from .places import Colony
from .plugins import PLUGINS

#: Where names are looked up: what the line says, else the environment, as the command does.
#: Not by compgen's -W, which has the shell carry out what is in a name.
_BASH = """
_ncolony_names() {
  local i value file dir="${NCOLONY_DIR:+$NCOLONY_DIR/$2}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    value="${COMP_WORDS[i + 1]}"
    [ "$value" != = ] || value="${COMP_WORDS[i + 2]}"
    case "$value" in \\'*\\' | \\"*\\") value="${value:1:-1}" ;; esac
    case "${COMP_WORDS[i]}" in
      --colony) dir="$value/$2" ;;
      --$2) dir="$value" ;;
    esac
  done
  [[ $dir != '~/'* ]] || dir="$HOME/${dir:2}"
  [ -d "$dir" ] && [ "$1" = "${1##*/}" ] || return
  for file in "$dir/$1"*; do
    case "$file" in *.new | *~) continue ;; esac
    [ -f "$file" ] && printf '%q\\n' "${file##*/}"
  done
}
_ncolony_processes() { _ncolony_names "$1" config; }
_ncolony_jobs() { _ncolony_names "$1" jobs; }
"""
#: Not by $words, from which shtab's functions have taken the options by then. To these, a value
#: after "=" is none.
_ZSH = """
_ncolony_names() {
  local i dir="${NCOLONY_DIR:+$NCOLONY_DIR/$1}"
  local -a names typed=("${(@Q)${(z)LBUFFER}}")
  for ((i = 1; i <= $#typed; i++)); do
    case "$typed[i]" in
      --colony) dir="$typed[i+1]/$1" ;;
      --$1) dir="$typed[i+1]" ;;
    esac
  done
  [[ $dir != '~/'* ]] || dir="$HOME/${dir:2}"
  [ -d "$dir" ] && names=("$dir"/*(N-.:t)) && compadd -- ${names:#*(.new|\\~)}
}
_ncolony_processes() { _ncolony_names config }
_ncolony_jobs() { _ncolony_names jobs }
"""
_SHELLS = ("bash", "zsh")
_FUNCTIONS = {PROCESS: "_ncolony_processes", JOB: "_ncolony_jobs"}


def script(parser: ArgumentParser, commands: dict[str, ArgumentParser], shell: str) -> str:
    """The text for a shell to read, such as ``bash`` does from ``~/.bash_completion``."""
    for command in commands.values():
        for action in command._actions:
            function = _FUNCTIONS.get(getattr(action, "complete", ""))
            if function is not None:
                complete = {**dict.fromkeys(_SHELLS, function), "tcsh": ""}
                action.complete = complete  # type: ignore[attr-defined]
            elif action.dest in {*Colony._fields, "colony", "cwd"}:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
            elif action.dest == "plugin":
                action.choices = tuple(PLUGINS)
            elif action.dest in {"file", "extras", "env_file"}:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(parser, shell, preamble={"bash": _BASH, "zsh": _ZSH}.get(shell, ""))
