"""The table of shipped profiles in docs/catalog.md is what the files say."""

from __future__ import annotations

from pathlib import Path

from assent.admin import texts
from assent.catalog.reading import Book, read

PAGE = Path(__file__).parents[2] / "docs" / "catalog.md"
BEGIN = "<!-- shipped profiles: checked by tests/docs/test_catalog.py -->\n"
END = "<!-- end -->"


def row(book: Book) -> str:
    """One line of the table."""
    registry, _, name = book.package.partition(":")
    where = {"npm": "npm", "pypi": "PyPI"}[registry]
    state = "unverified" if book.unverified else "verified"
    return f"| {where} `{name}` | {', '.join(book.versions)} | {state} | {book.note} |\n"


def test_the_table_is_what_the_files_say() -> None:
    """A new profile, version or note shows in the docs; the message is the table to paste."""
    books = sorted((read(source) for source in texts.shipped()), key=lambda book: book.package)
    table = "| package | version | | what stands out |\n| --- | --- | --- | --- |\n" + "".join(map(row, books))
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == table, table
