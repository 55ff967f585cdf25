"""Scenes of the how-to guides, each in the order of its page."""

from __future__ import annotations

from scene import START, Scene

#: Why a process doesn't run.
WHY = "docs/how-to/why-not-running.md"

HOW_TO = (
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
    Scene("docs/how-to/cron-jobs.md", "$ ncolony add-plugins", START),
    Scene("docs/how-to/cron-jobs.md", "$ ncolony job add"),
    Scene("docs/how-to/cron-jobs.md", "$ ncolony job run"),
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
)
