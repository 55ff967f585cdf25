"""Whether a directory lies where the kernel tells of every change in it."""

from __future__ import annotations

import os

#: File systems on which others can change files without this kernel taking notice.
_REMOTE = ("nfs", "cifs", "smb", "fuse", "9p", "virtiofs", "ceph", "afs", "lustre", "gpfs", "gfs2")
_REMOTE_EXACT = frozenset(("ncpfs", "ocfs2", "vboxsf", "prl_fs", "drvfs", "beegfs", "glusterfs"))


def notices_can_be_trusted(directory: str, mountinfo: str = "/proc/self/mountinfo") -> bool:
    """Whether notices alone will do for a directory; where it can't be known, they won't.

    They don't on network and FUSE file systems, nor where the path has symbolic links, which may
    be pointed elsewhere without a notice.
    """
    path = os.path.abspath(directory)
    if os.path.realpath(path) != path:
        return False
    try:
        with open(mountinfo, encoding="utf-8", errors="surrogateescape") as lines:
            kind = file_system(path, lines.read())
    except OSError:
        return False
    return bool(kind) and not is_remote(kind)


def is_remote(kind: str) -> bool:
    """Whether a file system of this kind is shared with others than this kernel."""
    return kind.startswith(_REMOTE) or kind in _REMOTE_EXACT


def file_system(path: str, mountinfo: str) -> str:
    """The kind of file system that a path lies on, by proc_pid_mountinfo(5); or nothing."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields = left.split()
        if len(fields) < 5 or not right:
            continue
        point = _unescaped(fields[4])
        if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, right.split()[0]
    return kind


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point
