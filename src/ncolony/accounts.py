"""Users and groups, by name or number: as whom a child runs, and what has to change for that.

The databases are asked at each start. A monitor needs no entry of its own in them.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
from typing import NamedTuple

from .context import ExecContext


class Change(NamedTuple):
    """What isn't yet as it should be: user, group, supplementary groups; None where it is."""

    uid: int | None = None
    gid: int | None = None
    groups: list[int] | None = None


AS_IT_IS = Change()


def change(context: ExecContext) -> Change:
    """What has to be set so that a child runs as its context says.

    A user comes with its own groups, a group alone with no others. Only what differs from the
    monitor is set, so that a monitor may always start what is to run as itself. Raises OSError for
    a name that nobody knows; whether the monitor may become somebody is the kernel's to say.
    """
    uid, gid, groups = _wanted(context)
    if gid is not None and os.getresgid() == (gid,) * 3:
        gid = None
    if uid is not None and os.getresuid() == (uid,) * 3:
        uid = None
    if groups is not None:
        # Where the group stays, whether it is listed as well makes no difference.
        same = {os.getegid()} if uid is gid is None else set()
        if set(groups) | same == set(os.getgroups()) | same:
            groups = None
    return Change(uid, gid, groups)


def _wanted(context: ExecContext) -> Change:
    gid = None if context.gid is None else _gid(context.gid)
    listed = context.supplementary_groups
    groups = None if listed is None else [_gid(group) for group in listed]
    if context.uid is None:
        return Change(None, gid, [] if groups is None and gid is not None else groups)
    uid, user = _user(context.uid)
    if os.geteuid() == uid != 0:  # it keeps the groups of the monitor, which couldn't set others
        return Change(uid, gid, groups)
    if user is None:
        if gid is None:
            text = f"uid {uid} has no entry in the password database: give its gid as well"
            raise OSError(errno.EINVAL, text)
        return Change(uid, gid, groups or [])
    gid = user.pw_gid if gid is None else gid
    return Change(uid, gid, os.getgrouplist(user.pw_name, gid) if groups is None else groups)


def _user(user: int | str) -> tuple[int, pwd.struct_passwd | None]:
    """A user's number and entry; a number needs none."""
    try:
        entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        if isinstance(user, int):
            return user, None
        raise _unknown("user", user) from None
    return entry.pw_uid, entry


def _gid(group: int | str) -> int:
    if isinstance(group, int):
        return group
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise _unknown("group", group) from None


def _unknown(kind: str, name: str) -> OSError:
    return OSError(errno.EINVAL, f"cannot run as {kind} {name}: there is no such {kind}")
