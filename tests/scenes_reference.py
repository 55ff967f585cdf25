"""Scenes of the reference, each in the order of its page."""

from __future__ import annotations

from scene import FIELD, START, Scene, brief

REFERENCE = (
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
        brief("exit 1"),
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
        "docs/reference/commands.md",
        "$ ncolony job add poll --every 10m --extras slip.json",
        """echo '{"timout": 5}' >slip.json""",
    ),
    Scene(
        "docs/reference/commands.md",
        "$ ncolony job run backup",
        """\
ncolony add-plugins scheduler --wait
ncolony job add backup --every 1d --wait -- sh -c 'exit 3'
""",
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
        START + "ncolony add clock -- sh -c 'date +%T; sleep 1000'\n" + brief("kill -KILL $$"),
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
        + brief("kill -KILL $$"),
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
    Scene("docs/reference/schemas.md", "$ python -m ncolony.schemas"),
)
