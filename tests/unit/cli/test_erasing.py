"""Rules of `assent receipts erase` and `hold`, where what they are given names nobody."""

from __future__ import annotations

import re

import pytest

from tests.unit.cli.world import World


@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("--principal", "local/claude", 'Agent::"local/claude"'),
        ("--principal", "Agent::local/claude", 'Service::"mail"'),
        ("--session", "ses_of_yesterday", "ses_" + "a" * 26),
    ],
)
def test_a_name_in_another_spelling_is_refused_and_not_taken_for_nobody(
    fresh: World, option: str, value: str, right: str
) -> None:
    """A hold on a misspelled principal would keep nothing, an erasure would take nothing, and neither would say so."""
    key = ["--yes", "--key", str(fresh.key)]
    for words in (["erase", "--plan", option], ["hold", "add", "case-7", *key, option]):
        assert fresh.run("receipts", *words, value).code == 2
        assert fresh.run("receipts", *words, right).code == 0
        assert fresh.run("receipts", "erase", "--plan", "--owner", 'Agent::"local/claude"').code == 2


def test_the_help_of_a_group_cuts_no_sentence_short(fresh: World) -> None:
    """A list of subcommands says of each its whole first sentence."""
    for group in ("receipts", "witness", "keys", "policy"):
        assert not re.search(r"[a-z]\.\.\.", fresh.run(group, "--help").out), group
