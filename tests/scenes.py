"""What has to be so for the blocks of a page to be true, and what isn't run and why.

The tests of ``tests/real/test_terminal_pages.py`` bring it about and compare;
``tests/unit/test_examples.py`` sees to it that no block is left out.
"""

from __future__ import annotations

from typing import NamedTuple

#: A colony whose monitor runs.
START = """\
mkdir -p colony/config colony/messages
export NCOLONY_DIR=$PWD/colony
ncolony run >colony.log 2>&1 &
until ncolony status --quiet; do sleep 0.1; done
"""
#: A field of a JSON file.
FIELD = """\
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"; }
"""

#: Pages that begin with nothing, as their reader does.
FROM_NOTHING = ("README.md", "docs/tutorial/first-colony.md", "docs/how-to/log-rotation.md")
#: Why a process doesn't run, one page, in one colony.
WHY = "docs/how-to/why-not-running.md"


class Scene(NamedTuple):
    """A block of ``page``, the first that ``begins`` so, after those above it in the same shell.

    ``setup`` is run before it. ``command`` says what is shown, where the page shows only that.
    """

    page: str
    begins: str
    setup: str = ""
    command: str = ""
    needs_root: bool = False


def _brief(end: str) -> str:
    """A process ``web`` that has just died by this command, and waits for a minute."""
    return f"""\
echo '{{"minrestartdelay": 60}}' >brief
ncolony add web --extras brief -- sh -c '{end}'
until ncolony status web | grep BACKOFF; do sleep 0.1; done
"""


SCENES = (
    Scene(
        "docs/how-to/ansible.md",
        "$ ncolony check .source",
        'echo \'{"args": "sleep"}\' >.source',
    ),
    Scene(
        "docs/how-to/container.md",
        '{"time": ',
        START + """ncolony add web-a --log '{"to": "files", "format": "json"}' -- echo ...""",
        "cat colony/logs/web-a/current | head -n 1",
    ),
    Scene(
        "docs/how-to/heartbeats.md",
        "$ ncolony status web",
        START
        + """\
ncolony add web --wait -- sleep 1000
echo '{"type": "RESTART", "name": "web", "reason": "no heartbeat for 31 s"}' >asked
mv asked colony/messages/asked
""",
    ),
    Scene(
        "docs/how-to/systemd.md",
        "$ twistd",
        'mkdir -p /srv/colony/config; echo \'{"args": ["sleep", "1000"]}\' >/srv/colony/config/web',
    ),
    Scene(WHY, "$ ncolony status web\nNAME", START + "ncolony add web -- web-server"),
    Scene(WHY, "$ ncolony status web\nthe monitor", "kill %1; wait"),
    Scene(WHY, "$ ncolony status wbe"),
    Scene(
        WHY,
        "$ ncolony check",
        """echo '{"args": ["sleep", "9"]}' >colony/config/api.new""",
    ),
    Scene(
        WHY,
        "$ ncolony status crash\nNAME",
        "rm colony/config/web\n"
        + START
        + "ncolony add crash -- sh -c 'echo cannot bind to port 80; exit 3'",
    ),
    Scene(WHY, "$ ncolony status once", "ncolony add once --restart never -- false"),
    Scene(
        WHY,
        "$ ncolony status flaky",
        """\
echo '{"give_up": {"failures": 2, "within": 60}, "minrestartdelay": 0.1}' >twice
ncolony add flaky --extras twice -- false
""",
    ),
    Scene(
        WHY,
        "$ ncolony status idle off",
        """\
ncolony add idle --wait -- sleep 1000
ncolony stop idle --wait
ncolony add off --disabled -- sleep 1000
""",
    ),
    Scene(
        WHY,
        "$ ncolony status db",
        """\
ncolony add db --wait -- sleep 1000
echo '{"args": ["sleep", 9]}' >colony/config/db
""",
    ),
    Scene(
        WHY,
        "$ ncolony status open",
        """\
echo '{"args": ["sleep", "9"]}' >open
chmod 666 open
mv open colony/config/open
""",
        needs_root=True,
    ),
    Scene(WHY, "$ ncolony status crash\nthe monitor's", "mv colony/config colony/elsewhere"),
    Scene(WHY, "$ grep", "mv colony/elsewhere colony/config; rm -f colony/config/open"),
    Scene(
        WHY,
        "$ cat",
        """\
echo '{"type": "RESTART", "name": "webb"}' >one
mv one colony/messages/one
""",
    ),
    Scene("docs/reference/commands.md", "$ ncolony restart nobody", START),
    Scene("docs/reference/commands.md", "$ ncolony add new"),
    Scene(
        "docs/reference/commands.md",
        "$ ncolony status",
        """\
ncolony remove new --wait
ncolony add broken -- no-such-program
for i in 1 2 3; do ncolony add web --env I=$i --wait -- sleep 1000; done
""",
    ),
    Scene(
        "docs/reference/commands.md",
        "ncolony: cannot wait for web",
        _brief("exit 1"),
        "ncolony wait web --timeout 0.4",
    ),
    Scene(
        "docs/reference/commands.md",
        "ncolony: cannot show the logs of web",
        """\
kill %1; wait
{ ncolony run 2>&1 | cat >piped; } &
ncolony add web -- sleep 1000
ncolony wait web
""",
        "ncolony logs web",
    ),
    Scene(
        "docs/reference/commands.md",
        "$ ncolony check",
        'ncolony remove broken; echo \'{"args": "python3"}\' >colony/config/web',
    ),
    Scene(
        "docs/reference/files-and-limits.md",
        "$ ncolony run --colony",
        """\
mkdir -p colony/config colony/messages
chgrp staff colony/config
chmod g+w colony/config
""",
        needs_root=True,
    ),
    Scene(
        "docs/reference/monitor.md",
        "clock: ",
        START + "ncolony add clock -- sh -c 'date +%T; sleep 1000'\n" + _brief("kill -KILL $$"),
        "grep -h clock: colony.log; grep BACKOFF colony.log",
    ),
    Scene("docs/reference/monitor.md", "ncolony: cannot start", "", "ncolony run"),
    Scene(
        "docs/reference/output.md",
        '{"time": "2026-11-25T01:30:16.123Z", "process": "web"',
        START + """ncolony add web --log '{"to": "files", "format": "json"}' -- echo ready""",
        "cat colony/logs/web/current | head -n 1",
    ),
    Scene(
        "docs/reference/output.md",
        '{"time": "2026-11-25T01:30:16.123Z", "process": ""',
        """\
kill %1; wait
ncolony remove web
ncolony run --log '{"to": "monitor", "format": "json"}' >colony.log &
"""
        + _brief("kill -KILL $$"),
        "grep BACKOFF colony.log",
    ),
    Scene(
        "docs/reference/process-file.md",
        "cannot use /srv/colony/config/web",
        FIELD + START + 'echo \'{"args": "python3"}\' >colony/config/web',
        "field colony/status/web refused",
    ),
    Scene(
        "docs/reference/process-file.md",
        "$ ncolony status broken",
        "ncolony add broken -- no-such-program",
    ),
    Scene(
        "docs/reference/process-file.md",
        "cannot start /srv/web/serve: cannot use env_file",
        """\
mkdir -p /srv/web
printf 'A=1\\n#\\n#\\n#\\n#\\n#\\nno assignment\\n' >/srv/web/production.env
ncolony add serve --env-file /srv/web/production.env -- /srv/web/serve
""",
        "field colony/status/serve reason",
    ),
    Scene("docs/reference/requests.md", "$ echo", START + "ncolony add web --wait -- sleep 1000"),
    Scene(
        "docs/reference/requests.md",
        "$ ls",
        """\
echo '{"type": "RESTART", "name": "webb"}' >one
mv one colony/messages/one
""",
    ),
)


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
    "curl": "asks what docker has started",
    "(": "makes the key that docker mounts",
    "cat": "shows a file whose contents the page describes",
    "mkdir": "prepares what ncolony is told",
    "ncolony": "a command's form, whose words are its reader's own",
    "twistd": "a command's form, whose words are its reader's own",
    "python": "a command's form, whose words are its reader's own",
}
