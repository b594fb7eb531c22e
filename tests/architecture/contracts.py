"""Run the import contracts over a tree, once per breach: `python contracts.py TREE PYPROJECT BREACHES`.

A program of its own, since import-linter finds packages by name: the first
`assent` on its path must be the copied tree, not the installed one. BREACHES
is JSON, `[[file, line], …]`; prints `[[ids of broken contracts], …]`, the
untouched tree first. A module of the verifier that no contract lists counts
as the broken contract `verifier-listed`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from importlinter import configuration
from importlinter.application import use_cases

#: Modules of the verifier that may do more than compute.
OUTER = {"__init__", "__main__", "errors", "files", "shares"}


@contextmanager
def breach(tree: Path, file: str, line: str) -> Iterator[None]:
    """Append the line to the file (made with its packages if missing) for the time of the block."""
    path = tree / file
    made = [parent for parent in path.parents if tree in parent.parents and not parent.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    initial = [parent / "__init__.py" for parent in made if parent / "__init__.py" != path]
    for init in initial:
        init.touch()
    before = path.read_bytes() if path.exists() else None
    path.write_bytes((before or b"") + f"\n{line}\n".encode())
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
        for init in initial:
            init.unlink()
        for parent in made:
            parent.rmdir()


def broken(options: Any, tree: Path, listed: set[str]) -> list[str]:
    """Ids of the contracts that the tree breaks now."""
    report = use_cases.create_report(options, cache_dir=str(tree / "cache"))
    names = {option["name"]: option["id"] for option in options.contracts_options}
    ids = [names[contract.name] for contract, check in report.get_contracts_and_checks() if not check.kept]
    present = {path.stem for path in (tree / "assent_verify").glob("*.py")} - OUTER
    return ids + (["verifier-listed"] if present - listed else [])


def main(tree: Path, pyproject: str, breaches: list[list[str]]) -> None:
    """Print what the tree as it is breaks, then what it breaks with each breach."""
    configuration.configure()
    options = use_cases.read_user_options(config_filename=pyproject)
    use_cases._register_contract_types(options)
    [verifier] = [option for option in options.contracts_options if option["id"] == "pure-verifier"]
    listed = {module.removeprefix("assent_verify.") for module in verifier["source_modules"]}
    results = [broken(options, tree, listed)]
    for file, line in breaches:
        with breach(tree, file, line):
            results.append(broken(options, tree, listed))
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
