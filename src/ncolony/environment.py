"""A child's environment, and where its program is by that."""

from __future__ import annotations

import errno
import os

from .spec import ProcessSpec

Environment = dict[str, str | bytes]

#: Where a program is looked up when its environment has no PATH.
DEFAULT_PATH = "/bin:/usr/bin"


def environment(spec: ProcessSpec) -> Environment:
    """All of a child's environment; later ones win.

    Those are ``env_file``, in the order of the list; ``env_from``; ``env``; ``env_inherit``; and
    its name and its file, where it has one. Raises OSError for a file that can't be used.
    """
    env: Environment = {}
    if spec.env_file or spec.env_from:
        from . import envfiles  # most have neither

        for path in spec.env_file:
            env.update(envfiles.assignments(path))
        for name, path in spec.env_from:
            env[name] = envfiles.secret(name, path)
    env.update(spec.env)
    for name in spec.env_inherit:
        env[name] = os.environ.get(name, "")
    if spec.text:  # what no file asks for has neither
        env["NCOLONY_NAME"] = spec.name
        env["NCOLONY_CONFIG"] = spec.text
    return env


def find_program(program: str, env: Environment) -> str:
    """The file to execute, as execvp(3) would find it in the child's environment."""
    if "/" in program:
        return program
    failure = errno.ENOENT
    for path in candidates(program, env):
        if os.path.isfile(path):
            if os.access(path, os.X_OK):
                return path
            failure = errno.EACCES
    raise OSError(failure, os.strerror(failure), program)


def candidates(program: str, env: Environment) -> list[str]:
    """The files that a program's name can mean in the child's environment, the first one first."""
    if "/" in program:
        return [program]
    path = os.fsdecode(env.get("PATH", DEFAULT_PATH))
    return [f"{directory or '.'}/{program}" for directory in path.split(":")]
