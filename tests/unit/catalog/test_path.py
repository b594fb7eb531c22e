"""Paths: what runs by itself, what holds secrets, what lies inside."""

from __future__ import annotations

import pytest

from assent.catalog.analysers import path

RUNS = [
    "/w/.git/hooks/pre-commit",
    "/w/.git/config",
    "/home/u/.bashrc",
    "/home/u/.zshenv",
    "/home/u/.config/fish/config.fish",
    "/w/.github/workflows/ci.yml",
    "/w/package.json",
    "/w/sub/Makefile",
    "/w/.vscode/tasks.json",
    "/w/conftest.py",
    "/w/.pre-commit-config.yaml",
    "/home/u/.ssh/authorized_keys",
    "/w/.GIT/HOOKS/post-checkout",
]
PLAIN = ["/w/src/main.py", "/w/notes.txt", "/w/github/workflows.md", "/w/.gitignore", "/w/data.json"]
SECRET = [
    "/w/.env",
    "/w/.env.production",
    "/home/u/.ssh/id_ed25519",
    "/home/u/.aws/credentials",
    "/home/u/.netrc",
    "/home/u/.npmrc",
    "/w/server.pem",
    "/etc/shadow",
    "/w/secrets.yaml",
    "/w/service-account-prod.json",
    "/home/u/.config/gcloud/access_tokens.db",
    "/proc/self/environ",
    "/W/.ENV",
]
OPEN = [
    "/w/.env.example",
    "/w/environment.md",
    "/home/u/.ssh/id_ed25519.pub",
    "/w/secretary.txt",
    "/w/key.md",
    "/etc/hosts",
]


@pytest.mark.parametrize("name", RUNS)
def test_files_that_run_by_themselves(name: str) -> None:
    """DESIGN §3: written only with an answer; case does not matter."""
    assert path.runs_by_itself(name)


@pytest.mark.parametrize("name", PLAIN)
def test_ordinary_files_do_not_run(name: str) -> None:
    """Nobody is asked for ordinary work."""
    assert not path.runs_by_itself(name)


@pytest.mark.parametrize("name", SECRET)
def test_places_of_credentials(name: str) -> None:
    """Secret paths are denied by the starter policy; case does not matter."""
    assert path.secret(name)


@pytest.mark.parametrize("name", OPEN)
def test_what_is_no_secret(name: str) -> None:
    """Public halves, examples and look-alikes stay readable."""
    assert not path.secret(name)


def test_inside_is_whole_components() -> None:
    """`/w` does not hold `/w2`."""
    assert path.inside("/w", ["/w"])
    assert path.inside("/w/a", ["/w/"])
    assert not path.inside("/w2/a", ["/w"])
    assert not path.inside("", ["/w"])
