"""The one table of what a process's file may hold."""

from __future__ import annotations

import pytest

from ncolony.context import ExecContext
from ncolony.fields import FIELDS, Field
from ncolony.policy import KILL_MODES, RESTARTS, Policy
from ncolony.spec import ProcessSpec
from ncolony.values import Wrong

PARTS = {"": ProcessSpec, "policy": Policy, "context": ExecContext}


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_a_field_has_a_place_and_words(field: Field) -> None:
    """In the value that it is a part of; what is allowed and what it means, for people."""
    assert FIELDS[field.name] is field
    assert (field.target or field.name) in PARTS[field.part]._fields
    assert field.allowed
    assert field.meaning.endswith(".")
    assert "\n" not in field.allowed + field.meaning


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_no_field_takes_everything(field: Field) -> None:
    """What it can't use is Wrong, and nothing else is raised."""
    for value in ({"\0": object}, [[]], "\ud800", -1001, 1e300, 10**400, [float("nan")]):
        with pytest.raises(Wrong):
            field.convert(value)


def test_every_part_of_a_policy_and_of_a_context_can_be_said() -> None:
    """In a process's file; nothing is there twice."""
    for part in ("policy", "context"):
        said = [field.target or field.name for field in FIELDS.values() if field.part == part]
        assert sorted(said) == sorted(PARTS[part]._fields)


def test_words_of_the_table_are_those_of_the_policy() -> None:
    """One list of each."""
    assert all(f'"{word}"' in FIELDS["restart"].allowed for word in RESTARTS)
    assert all(f'"{word}"' in FIELDS["kill_mode"].allowed for word in KILL_MODES)
