"""The pages that show a terminal: every command as it stands, and what it says."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import pytest
from shell import run_page, shell

import ncolony
import scenes
from needed import need
from pages import Block, blocks, read
from transcripts import Step, is_transcript, steps

#: A process's status says with 1 that it isn't as wanted, and a check that there is a fault.
MAY_FAIL = "ncolony (status|check)"


@pytest.mark.parametrize("page", scenes.FROM_NOTHING)
def test_a_page_is_as_it_says(page: str, tmp_path: Path) -> None:
    """Its commands, one after the other in one shell, say what it shows."""
    need("bash", "python3", "curl")
    assert run_page(page, read(page), tmp_path) > 0


def first(page: str, begins: str) -> Block:
    """A page's block that begins so."""
    return next(block for block in read(page) if block.text.startswith(begins))


def a_group() -> str:
    """One of this machine's that isn't root's: not every system has ``staff``."""
    there = {group.gr_name for group in grp.getgrall() if group.gr_gid != 0}
    return next(name for name in ("staff", "users", "games", "nobody", "nogroup") if name in there)


@pytest.mark.parametrize("page", sorted({scene.page for scene in scenes.SCENES}))
def test_what_a_page_shows_is_so(page: str, tmp_path: Path) -> None:
    """Where things are as its scenes have them, its commands say what it shows."""
    need("bash", "python3")
    stand_for = {
        "/srv/colony": f"{tmp_path}/colony",
        "/srv/web": f"{tmp_path}/web",
        "staff": a_group(),
        "/srv/venv/lib/python3.13/site-packages/ncolony": str(Path(ncolony.__file__).parent),
    }
    with shell(tmp_path, stand_for, MAY_FAIL) as running:
        for scene in scenes.SCENES:
            if scene.page != page or (scene.needs_root and os.getuid() != 0):
                continue
            code, said = running.run(scene.setup)
            assert code == 0, said
            block = first(page, scene.begins)
            if is_transcript(block):
                for step in steps(block):
                    running.carry_out(page, step)
            else:
                shown = tuple(block.text.splitlines())
                running.carry_out(page, Step(block.line, scene.command, shown))


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("    $ echo one\n    two\n", "a.md, line 1: echo one\nthe page shows:\ntwo\nit says:"),
        ("    $ echo one\n    one\n    two\n", "the page shows:\none\ntwo\nit says:\none"),
        ("    $ echo one\n    $ false\n", "a.md, line 1: echo one\nthe page shows:\nit says:\none"),
        ("    $ cd .\n    $ sh -c 'exit 3'\n", "a.md, line 2: sh -c 'exit 3'\nexit code 3"),
        ("    $ exit 3\n", "'exit 3' has ended the shell"),
        ("    $ nonsuch\n", "a.md, line 1: nonsuch\nexit code 127"),
    ],
)
def test_a_page_that_is_wrong_is_found_out(page: str, reason: str, tmp_path: Path) -> None:
    """Another output, a missing line, one too many, an exit code: with page, line and both."""
    with pytest.raises(AssertionError) as raised:
        run_page("a.md", blocks(page), tmp_path)
    assert reason in str(raised.value)


def test_one_shell_for_all(tmp_path: Path) -> None:
    """Variables, directories, here-documents and jobs are there in the next command."""
    page = """
    $ export A=one; mkdir there; cd there
    $ cat >b <<END
    $A $ two
    END
    $ sleep 1000 &
    $ cat b; pwd
    one $ two
    /home/me/there
    $ kill %1
"""
    assert run_page("a.md", blocks(page), tmp_path) == 5


def test_a_look_is_repeated_until_it_is_so(tmp_path: Path) -> None:
    """Where a reader's second would have brought it about."""
    page = "\n    $ (sleep 0.3; echo done >b) &\n    $ cat b\n    done\n"
    assert run_page("a.md", blocks(page), tmp_path) == 2
