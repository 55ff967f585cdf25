"""Names of processes."""

from __future__ import annotations

import pytest

from ncolony.names import MAX_NAME_BYTES, is_process_name, name_fault


@pytest.mark.parametrize(
    "name",
    ["web", "a.b", "new", "web.new.old", "a b", "-x", "ü" * 100, "x" * MAX_NAME_BYTES],
)
def test_a_path_component_is_a_name(name: str) -> None:
    """Whatever a file can be called, in any script."""
    assert name_fault(name) is None
    assert is_process_name(name)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "it is empty"),
        (".", "it starts with '.'"),
        ("..", "it starts with '.'"),
        (".web.swp", "it starts with '.'"),
        ("#web#", "it starts with '#'"),
        ("a/b", "it must be one path component, without '/' and NUL"),
        ("a\0b", "it must be one path component, without '/' and NUL"),
        ("web.new", "it ends like a write in progress or an editor's copy ('.new', '~')"),
        ("web~", "it ends like a write in progress or an editor's copy ('.new', '~')"),
        ("a\nb", "it holds a control character, or is not valid UTF-8"),
        ("\udcff", "it holds a control character, or is not valid UTF-8"),
    ],
)
def test_what_is_no_name_says_why(name: str, fault: str) -> None:
    """A reason for each."""
    assert name_fault(name) == fault
    assert not is_process_name(name)


def test_a_name_has_its_length_in_bytes() -> None:
    """A file system counts bytes, not characters."""
    size_bytes = MAX_NAME_BYTES + 1
    expected = f"it has {size_bytes} bytes; a file name has at most {MAX_NAME_BYTES}"
    assert name_fault("x" * size_bytes) == expected
    assert not is_process_name("ü" * (MAX_NAME_BYTES // 2 + 1))
