"""Stress: what a start costs with a user, limits and more, beside one without."""

import os
from collections import defaultdict

from colonies import NOBODY, ColonyLife, Fields, FloorLife, Stressed
from trial import Trial

PLAIN = "plain"
#: What each kind of service asks for; only root may give what is in the second table.
KINDS: dict[str, Fields] = {
    PLAIN: {},
    "limits": {"limits": {"nofile": 1000, "core": 0}, "nice": 1, "umask": "027"},
}
KINDS_OF_ROOT: dict[str, Fields] = {
    "uid and gid": {"uid": NOBODY, "gid": NOBODY},
    "all": {
        "uid": NOBODY,
        "gid": NOBODY,
        "supplementary_groups": [],
        "cwd": "/",
        "limits": {"nofile": 1000, "core": 0},
        "nice": 1,
        "oom_score_adj": 100,
        "umask": "027",
        "no_new_privs": True,
    },
}


def _pace(life: Stressed) -> float:
    """Start everything: ms from one start to the next."""
    life.launch()
    began_ns = [record.began_ns for record in life.records.read()]
    return (max(began_ns) - min(began_ns)) / 1e6 / (len(began_ns) - 1)


def _of_floor(trial: Trial) -> tuple[float, float]:
    with FloorLife(trial.setting, trial.amounts.others) as life:
        start_ms = _pace(life)
        life.settle()
        found = life.restarts(trial.amounts.kills, trial.amounts.kills_s).values()
        return trial.floor("restart", found, "ms"), trial.floor("start", [start_ms], "ms")


def _let_everybody_in(life: ColonyLife) -> None:
    """Processes of another user write to the records as well."""
    life.records.path.chmod(0o666)
    life.folder.chmod(0o755)


def context(trial: Trial) -> None:
    """Restarts and starts of processes with each kind of context."""
    kinds = KINDS | (KINDS_OF_ROOT if os.geteuid() == 0 else {})
    size, names = trial.amounts.services, list(kinds)
    least, least_start = _of_floor(trial)
    found: dict[str, list[float]] = defaultdict(list)
    with ColonyLife(trial.setting) as life:
        life.launch()
        _let_everybody_in(life)
        for number in range(size):
            name = f"s{number}"
            life.add(life.service(name, 1), **kinds[names[number % len(kinds)]])
        for number in range(size):
            life.after(0, f"s{number}")
        life.settle()
        for _ in range(trial.amounts.rounds * 2):
            for name, ms in life.restarts(trial.amounts.kills, trial.amounts.kills_s).items():
                found[names[int(name[1:]) % len(kinds)]].append(ms)
            life.settle()
    floor = (least, "C posix_spawn")
    for kind in kinds:
        median = trial.keep(f"restart, {kind}", found[kind], "ms")
        trial.figure(f"restart, {kind}", median, "ms", floor=floor)
    for kind, fields in kinds.items():
        with ColonyLife(trial.setting, trial.amounts.others, fields=fields) as life:
            _let_everybody_in(life)
            start_ms = trial.keep(f"start, {kind}", [_pace(life)], "ms")
        what = f"a start of {trial.amounts.others}, {kind}"
        trial.figure(what, start_ms, "ms", floor=(least_start, "C posix_spawn"))
