"""Whether the kernel tells of every change in a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from ncolony.mounts import file_system, is_remote, notices_can_be_trusted
from reactors import nothing_left

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 0:40 / /srv rw,relatime shared:9 master:2 - nfs4 host:/srv rw,vers=4.2
31 30 0:41 / /srv/local rw - xfs /dev/vdb rw
32 22 0:42 / /home/a\\040b rw - fuse.sshfs c@d:/ rw
33 22 0:43 / /home/t\\011n\\012b\\134 rw - cifs //e/f rw
34 22 0:44 / /merged rw - overlay overlay rw,lowerdir=/l
35 22 0:45 / /twice rw - ext4 /dev/vdc rw
36 35 0:46 / /twice rw - 9p share rw
not a line of that file
37 22 0:47 / /cut
38 22 - ext4 /dev/x rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/colony/config", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/colony", "nfs4"),
        ("/srv2/colony", "ext4"),
        ("/srv/local/colony", "xfs"),
        ("/srv/locals", "nfs4"),
        ("/home/a b/colony", "fuse.sshfs"),
        ("/home/t\tn\nb\\/colony", "cifs"),
        ("/merged/colony", "overlay"),
        ("/twice/colony", "9p"),
        ("/cut/colony", "ext4"),
    ],
)
def test_the_nearest_mount_point_above_a_path_decides(path: str, kind: str) -> None:
    """The deepest one, and among those at the same place the last, which hides the others."""
    assert file_system(path, MOUNTS) == kind


def test_a_path_below_no_mount_point_has_no_known_kind() -> None:
    """Nothing is made up."""
    assert file_system("/colony", "23 22 0:21 / /proc rw - proc proc rw\n") == ""


@pytest.mark.parametrize(
    ("kind", "remote"),
    [
        ("ext4", False),
        ("overlay", False),
        ("tmpfs", False),
        ("btrfs", False),
        ("nfs", True),
        ("nfs4", True),
        ("fuse.sshfs", True),
        ("fuseblk", True),
        ("cifs", True),
        ("smb3", True),
        ("virtiofs", True),
        ("vboxsf", True),
        ("glusterfs", True),
    ],
)
def test_a_file_system_that_others_share_is_remote(kind: str, remote: bool) -> None:
    """Network, FUSE and host file systems change without this kernel's notice."""
    assert is_remote(kind) is remote


def mountinfo(folder: Path, kind: str) -> str:
    path = folder / "mountinfo"
    path.write_text(f"22 1 254:0 / / rw - {kind} /dev/x rw\n")
    return str(path)


@pytest.mark.parametrize(("kind", "trusted"), [("ext4", True), ("nfs4", False)])
def test_notices_are_trusted_on_local_file_systems(
    tmp_path: Path, kind: str, trusted: bool
) -> None:
    """Elsewhere a clock has to help."""
    with nothing_left():
        path = tmp_path.resolve()
        assert notices_can_be_trusted(str(path), mountinfo(path, kind)) is trusted
        missing = str(path / "missing")
        assert notices_can_be_trusted(missing, mountinfo(path, kind)) is trusted


def test_notices_are_not_trusted_behind_a_symbolic_link(tmp_path: Path) -> None:
    """A link in the path may be pointed elsewhere without a notice."""
    path = tmp_path.resolve()
    (path / "real" / "config").mkdir(parents=True)
    (path / "link").symlink_to("real")
    info = mountinfo(path, "ext4")
    assert notices_can_be_trusted(str(path / "real/config"), info)
    assert not notices_can_be_trusted(str(path / "link/config"), info)


def test_notices_are_not_trusted_without_proc(tmp_path: Path) -> None:
    """Where nobody says what kind a file system is, a clock helps."""
    path = tmp_path.resolve()
    assert not notices_can_be_trusted(str(path), str(path / "missing"))


def test_notices_are_not_trusted_where_no_mount_point_is_known(tmp_path: Path) -> None:
    """In a chroot whose root is no mount point, the file says nothing of it."""
    path = tmp_path.resolve()
    (path / "mountinfo").write_text("")
    assert not notices_can_be_trusted(str(path), str(path / "mountinfo"))


def test_a_mount_point_of_any_name_is_understood(tmp_path: Path) -> None:
    """Names that aren't UTF-8 are compared as they are."""
    path = tmp_path.resolve()
    info = path / "mountinfo"
    line = b"30 22 0:40 / /s\xff rw - nfs4 h:/ rw\n22 1 254:0 / / rw - ext4 /dev/x rw\n"
    info.write_bytes(line)
    assert not notices_can_be_trusted("/s\udcff/config", str(info))
