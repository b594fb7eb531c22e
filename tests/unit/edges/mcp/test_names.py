"""Names that could be taken for another are left out."""

from __future__ import annotations

import pytest

from assent.catalog.vocabulary import DRAWN, DRAWN_LIKE
from assent.edges.mcp.names import confusable


@pytest.mark.parametrize(
    "name",
    [
        "re\u0430d_file",  # Cyrillic a
        "r\u0435\u0430d_fil\u0435",
        "READ_FI\u029fE".replace("\u029f", "\uff2c"),  # full-width L
        "read\u200b_file",
        "read_file\u202e",
        "r\u00e9ad_file",
        "",
    ],
)
def test_a_look_alike_is_left_out_and_what_it_imitates_is_not(name: str) -> None:
    """Foreign letters, invisible characters, direction marks, accents."""
    assert confusable(["read_file", name]) == {name}


def test_names_in_another_script_stand_if_they_imitate_nothing() -> None:
    """A tool may have a name in any language."""
    assert confusable(["écrire", "写文件", "читать", "read"]) == set()


def test_of_two_foreign_look_alikes_the_first_stands() -> None:
    """They cannot both."""
    assert confusable(["p\u0430y", "p\u00e0y"]) == {"p\u00e0y"}


def test_the_table_maps_letter_to_letter() -> None:
    """Every entry is one character for one."""
    assert len(DRAWN) == len(DRAWN_LIKE) == len(set(DRAWN)) and not DRAWN.isascii() and DRAWN_LIKE.isascii()
