"""What a Dockerfile's last stage makes, as far as that can be told without building it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import NamedTuple


class Copy(NamedTuple):
    """COPY: sources relative to the build's context, or paths in another stage."""

    stage: str | None
    sources: tuple[str, ...]
    target: str


class Image(NamedTuple):
    """The last stage. ``stages`` are all, with their base images, and their instructions."""

    copies: tuple[Copy, ...]
    env: dict[str, str]
    user: str
    workdir: str
    entrypoint: tuple[str, ...]
    stages: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction and what follows it, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    found = []
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            found.append((word.upper(), rest.strip()))
    return found


def copy(rest: str) -> Copy:
    words = shlex.split(rest)
    stage = None
    while words[0].startswith("--"):
        option, _, value = words.pop(0).partition("=")
        stage = value if option == "--from" else stage
    return Copy(stage, tuple(words[:-1]), words[-1])


def read(path: Path) -> Image:
    """The image that a Dockerfile describes."""
    stages: list[tuple[str, str, list[tuple[str, str]]]] = []
    for word, rest in instructions(path.read_text(encoding="utf-8")):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append((base, name, []))
        else:
            stages[-1][2].append((word, rest))
    last = stages[-1][2]
    said = dict(last)
    env: dict[str, str] = {}
    for word, rest in last:
        if word == "ENV":
            for pair in shlex.split(rest):
                name, _, value = pair.partition("=")
                env[name] = value
    return Image(
        copies=tuple(copy(rest) for word, rest in last if word == "COPY"),
        env=env,
        user=said["USER"],
        workdir=said["WORKDIR"],
        entrypoint=tuple(json.loads(said["ENTRYPOINT"])),
        stages=tuple((base, name, tuple(lines)) for base, name, lines in stages),
    )
