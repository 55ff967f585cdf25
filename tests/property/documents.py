"""Files of any contents, and good ones, for tests of their parsers and schemas."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from ncolony.context import LIMITS
from ncolony.fields import FIELDS
from ncolony.logspec import DESTINATIONS
from ncolony.policy import KILL_MODES, RESTARTS
from ncolony.values import MAX_ID, MAX_SECONDS, MAX_SIZE

TEXT = st.text(max_size=8) | st.sampled_from(["args", "env", "a=b", "\0", "\ud800", "\udcff"])


def _json(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[object]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | numbers | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=8,
    )


#: Python writes NaN and Infinity as well, which are not JSON.
JSON = _json(st.floats())
FINITE_JSON = _json(st.floats(allow_nan=False, allow_infinity=False))
NAMES = st.sampled_from([*FIELDS, "arg", "x.y", "ENV"]) | TEXT
DOCUMENTS = st.dictionaries(NAMES, JSON, max_size=5).map(lambda d: json.dumps(d).encode())
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
VARIABLES = STRINGS.filter(lambda text: text and "=" not in text)
ACCOUNTS = st.integers(0, MAX_ID) | STRINGS.filter(lambda text: text and not text.isdecimal())
PATHS = STRINGS.map("/".__add__)
SECONDS = st.floats(0, MAX_SECONDS) | st.integers(0, MAX_SECONDS)
GIVE_UPS = st.fixed_dictionaries({"failures": st.integers(1, 1000), "within": SECONDS})
BOUNDS = st.integers(0, MAX_SIZE) | st.just("unlimited")
PLAIN_KEYS = {
    "env": st.dictionaries(VARIABLES, STRINGS, max_size=3),
    "env_inherit": st.lists(VARIABLES, max_size=3),
    "env_file": st.lists(PATHS, max_size=2),
    "env_from": st.dictionaries(VARIABLES, PATHS, max_size=2),
    "group": st.lists(STRINGS, max_size=3),
    "enabled": st.booleans(),
    "log": st.sampled_from(DESTINATIONS),
    "any.other": FINITE_JSON,
}
POLICY_KEYS = {
    "restart": st.sampled_from(RESTARTS),
    "success": st.lists(st.integers(0, 255), max_size=3),
    "threshold": SECONDS,
    "minrestartdelay": SECONDS,
    "maxrestartdelay": SECONDS,
    "jitter": st.floats(0, 1),
    "give_up": st.none() | GIVE_UPS,
    "essential": st.booleans(),
    "stop_signal": st.sampled_from(["TERM", "INT", "RTMIN+1"]),
    "killtime": SECONDS,
    "kill_mode": st.sampled_from(KILL_MODES),
}
CONTEXT_KEYS = {
    "uid": st.none() | ACCOUNTS,
    "gid": st.none() | ACCOUNTS,
    "supplementary_groups": st.lists(ACCOUNTS, max_size=3),
    "cwd": PATHS,
    "umask": st.integers(0, 0o777).map("{:o}".format),
    "limits": st.dictionaries(st.sampled_from(LIMITS), BOUNDS, max_size=3),
    "nice": st.integers(-20, 19),
    "oom_score_adj": st.integers(-1000, 1000),
    "no_new_privs": st.booleans(),
}
GOOD = st.fixed_dictionaries(
    {"args": st.tuples(STRINGS.filter(bool), STRINGS).map(list)},
    optional=PLAIN_KEYS | POLICY_KEYS | CONTEXT_KEYS,
)
