"""Which file names are a process's, and which are passed over."""

from __future__ import annotations

#: NAME_MAX of every file system in use (pathname(7)).
MAX_NAME_BYTES = 255


def name_fault(name: str) -> str | None:
    """Why ``name`` can't be a process's name, or None where it can."""
    if not name:
        return "it is empty"
    if "/" in name or "\0" in name:
        return "it must be one path component, without '/' and NUL"
    if name.startswith((".", "#")):
        return f"it starts with {name[0]!r}"
    if name.endswith((".new", "~")):
        return "it ends like a write in progress or an editor's copy ('.new', '~')"
    if not name.isprintable():
        return "it holds a control character, or is not valid UTF-8"
    size_bytes = len(name.encode())
    if size_bytes > MAX_NAME_BYTES:
        return f"it has {size_bytes} bytes; a file name has at most {MAX_NAME_BYTES}"
    return None


def is_process_name(name: str) -> bool:
    """Whether a file of this name in the configuration directory is a process's."""
    return name_fault(name) is None
