"""How the blocks of the documentation are held to be true, and what isn't run and why.

``tests/real/test_terminal_pages.py`` runs the scenes; ``tests/unit/test_examples.py`` sees to it
that no block is left out.
"""

from __future__ import annotations

from typing import NamedTuple

from scenes_howto import HOW_TO
from scenes_reference import REFERENCE

#: Pages that begin with nothing, as their reader does.
FROM_NOTHING = ("README.md", "docs/tutorial/first-colony.md", "docs/how-to/log-rotation.md")
SCENES = (*HOW_TO, *REFERENCE)


class Proven(NamedTuple):
    """A block of what is said, which a test of its own brings about: it has all of ``words``."""

    page: str
    begins: str
    test: str
    words: tuple[str, ...]


#: What takes a disk that is full, or a monitor with fewer rights than the tests' own.
PROVEN = (
    Proven(
        "docs/reference/output.md",
        "ncolony: 123 lines",
        "tests/unit/test_output_stalls.py",
        ("ncolony: ", " lines (", " bytes) were dropped"),
    ),
    Proven(
        "docs/reference/output.md",
        "output waits",
        "tests/unit/test_output_stalls.py",
        ("output waits: ", "output is dropped: ", "/web/current)"),
    ),
    Proven(
        "docs/reference/process-file.md",
        "cannot start serve: cannot set limits.nofile",
        "tests/unit/test_spawn_context.py",
        ("limits.nofile", "Operation not permitted"),
    ),
)

#: Pages whose excerpts, which begin with ``# FILE``, are those of an example's files.
EXCERPTS = {"docs/how-to/container.md": "examples/container"}

_BEATS = "docs/how-to/heartbeats.md"
#: Programs, by page, heading above them and language: each is run by a test of ``tests/real``.
PROGRAMS = {
    (_BEATS, "Python", "python"): "test_beats.py::test_the_page_s_python_beats",
    (_BEATS, "Twisted", "python"): "test_beats.py::test_the_page_s_twisted_beats",
    (_BEATS, "A shell script", "sh"): "test_beats.py::test_the_page_s_shell_script_beats",
    (_BEATS, "JavaScript", "javascript"): "test_beats.py::test_the_page_s_javascript_beats",
    (_BEATS, "Go", "go"): "test_beats.py::test_the_page_s_go_beats",
    ("docs/reference/python.md", "`ncolony.ctllib`", "python"): (
        "test_examples_run.py::test_ctllib"
    ),
    ("docs/reference/output.md", "The form of a line", "python"): (
        "test_examples_run.py::test_bytes_are_back"
    ),
    ("docs/reference/schemas.md", "From a shell, and in CI", None): (
        "test_examples_run.py::test_a_schema_says_what_the_page_shows"
    ),
    ("docs/how-to/log-rotation.md", "logrotate", "text"): (
        "test_examples_run.py::test_logrotate_may_rename"
    ),
}

#: Commands of a page that aren't run, by their first word. What they say of ``ncolony`` is read
#: by its own parsers all the same.
NOT_RUN = {
    "git": "the repository's address isn't known",
    "cd": "leads into what git has brought",
    "make": "the tests are one of its targets, the benchmarks take minutes",
    "docker": "needs an engine",
    "kubectl": "needs a cluster",
    "systemctl": "needs systemd",
    "rc-update": "needs OpenRC",
    "rc-service": "needs OpenRC",
    "cp": "puts into place what systemd or OpenRC is to read",
    "python3": "makes an environment in /opt",
    "/opt/ncolony/bin/pip": "installs into /opt",
    "/opt/ncolony/bin/ncolony": "is there once it was installed into /opt",
    "export": "says to a reader's shell where the colony is",
    "curl": "asks what docker has started",
    "(": "makes the key that docker mounts",
    "cat": "shows a file whose contents the page describes",
    "mkdir": "prepares what ncolony is told",
    "ncolony": "a command's form, whose words are its reader's own",
    "twistd": "a command's form, whose words are its reader's own",
    "python": "a command's form, whose words are its reader's own",
}
