"""Command lines are found in a shell's text, and a wrong one is found out."""

from __future__ import annotations

import pytest

from commandlines import fault, first_words, ours, unknown_words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ncolony status", [["ncolony", "status"]]),
        ("a && ncolony wait web | b", [["ncolony", "wait", "web"]]),
        ("ncolony add web \\\n  -- 'a b' # c\n", [["ncolony", "add", "web", "--", "a b"]]),
        ("ncolony run >log 2>&1 &", [["ncolony", "run"]]),
        ("docker exec c ncolony status -- x", [["ncolony", "status", "--", "x"]]),
        ("python -m twisted ncolony --colony D", [["twisted", "ncolony", "--colony", "D"]]),
        ("cat >a <<END\nncolony nonsense\nEND\nncolony status", [["ncolony", "status"]]),
        ("/opt/a/bin/ncolony status", [["ncolony", "status"]]),
        ("ls colony", []),
        ("cp systemd/ncolony /etc/init.d/ncolony", []),
    ],
)
def test_ours_are_found(text: str, found: list[list[str]]) -> None:
    """Wherever they stand, without redirections."""
    assert list(ours(text)) == found


def test_first_words() -> None:
    """Of each whole line."""
    assert list(first_words("a b \\\n c\n\n(d)\ne\n")) == ["a", "(", "e"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ncolony status web --json", ""),
        ("ncolony add web --wait -- sleep 9", ""),
        ("ncolony --colony D run --killtime 8", ""),
        ("ncolony --colony=D run --killtime 8", ""),
        ("ncolony job run backup --wait 9", ""),
        ("ncolony --help", ""),
        ("twistd -n --pidfile= ncolony --colony D -k 5", ""),
        ("twistd ncolony-scheduler --arg x --frequency 1", ""),
        ("ncolony stauts", "did you mean 'status'?"),
        ("ncolony status --jsn", "unrecognized arguments: --jsn"),
        ("ncolony run --kiltime 8", "--kiltime is not an option of it"),
        ("twistd ncolony-httpcheck --freqency 8", "--freqency is not an option of it"),
        ("twistd web", "found none of ncolony"),
    ],
)
def test_a_wrong_one_is_found_out(line: str, said: str) -> None:
    """By the parser that it is for, and nothing of it is carried out."""
    (words,) = ours(line)
    found = fault(words)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("mention", "unknown"),
    [
        ("ncolony logs [NAME...] [-f] [--since TIME]", []),
        ("ncolony job add NAME --every 1h -- x --y", []),
        ("ncolony --colony /srv/colony status", []),
        ("ncolony run --log files", []),
        ("ncolony log web", ["log"]),
        ("ncolony job remove NAME --now", ["--now"]),
        ("ncolony run --logfile x", ["--logfile"]),
    ],
)
def test_a_mention_is_of_what_there_is(mention: str, unknown: list[str]) -> None:
    """Its command and its options."""
    assert unknown_words(mention) == unknown
