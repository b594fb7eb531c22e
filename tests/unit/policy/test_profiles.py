"""What the shipped profiles come to under the starter policy: ordinary work is quiet, what leaves or is lost asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assent.admin import texts
from assent.catalog.analysers import analyse
from assent.catalog.analysers.readers import read_arguments
from assent.catalog.observation import Guarded, Observed
from assent.catalog.reading import Book, read
from assent.decide.pdp import decide
from assent.model.profile import Server
from tests.unit.decide.calls import call
from tests.unit.policy.test_starter import shipped

BOOKS = {source.name.removesuffix(".toml"): read(source) for source in texts.shipped()}
PAGE = {"url": "https://example.org/docs/start"}
QUIET: list[tuple[str, str, dict[str, Any]]] = [
    ("chrome-devtools-mcp", "new_page", PAGE),
    ("chrome-devtools-mcp", "take_snapshot", {"pageId": 1}),
    ("kubernetes-mcp-server", "pods_log", {"name": "web"}),
    ("kubernetes-mcp-server", "resources_get", {"kind": "Deployment", "name": "web"}),
    ("mcp-server-git", "git_status", {"repo_path": "."}),
    ("notion-mcp-server", "API-patch-block-children", {"block_id": "b", "children": []}),
    ("notion-mcp-server", "API-post-search", {"query": "plan"}),
    ("notion-mcp-server", "API-query-data-source", {"data_source_id": "d"}),
    ("playwright-mcp", "browser_navigate", PAGE),
    ("playwright-mcp", "browser_snapshot", {}),
    ("playwright-mcp", "browser_tabs", {"action": "list"}),
    ("server-everything", "get-env", {}),
    ("server-everything", "toggle-simulated-logging", {}),
    ("server-github", "create_branch", {"owner": "o", "repo": "r", "branch": "b"}),
    ("server-github", "get_file_contents", {"owner": "o", "repo": "r", "path": "README.md"}),
    ("server-memory", "create_entities", {"entities": []}),
    ("server-postgres", "query", {"sql": "SELECT name FROM customers WHERE id = 3"}),
    ("server-sequential-thinking", "sequentialthinking", {"thought": "first"}),
    ("server-slack", "slack_get_channel_history", {"channel_id": "C1"}),
    ("workspace-mcp", "create_doc", {"title": "Notes"}),
    ("workspace-mcp", "search_gmail_messages", {"query": "invoice"}),
]
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("awslabs-aws-api-mcp-server", "call_aws", {"cli_command": "aws s3 ls"}),
    ("chrome-devtools-mcp", "evaluate_script", {"pageId": 1, "function": "() => 1"}),
    ("desktop-commander", "start_process", {"command": "ls"}),
    ("kubernetes-mcp-server", "pods_exec", {"name": "web", "command": ["id"]}),
    ("kubernetes-mcp-server", "resources_create_or_update", {"resource": "{}"}),
    ("kubernetes-mcp-server", "resources_delete", {"kind": "Pod", "name": "web"}),
    ("notion-mcp-server", "API-create-a-comment", {"parent": {}}),
    ("notion-mcp-server", "API-delete-a-block", {"block_id": "b"}),
    ("playwright-mcp", "browser_click", {"target": "e1"}),
    ("playwright-mcp", "browser_file_upload", {"paths": ["/srv/a"]}),
    ("playwright-mcp", "browser_navigate", {"url": "https://example.org/?d=" + "q7Zk9x" * 20}),
    ("playwright-mcp", "browser_run_code_unsafe", {"code": "1"}),
    ("server-everything", "gzip-file-as-resource", {"data": "https://u:p@example.org/"}),
    ("server-github", "create_issue", {"owner": "o", "repo": "r", "title": "t"}),
    ("server-github", "merge_pull_request", {"owner": "o", "repo": "r", "pull_number": 1}),
    ("server-github", "push_files", {"owner": "o", "repo": "r", "branch": "b"}),
    ("server-gitlab", "create_merge_request", {"project_id": "1"}),
    ("server-memory", "delete_entities", {"entityNames": ["a"]}),
    ("server-postgres", "query", {"sql": "COMMIT; DROP TABLE customers"}),
    ("server-postgres", "query", {"sql": "SELECT pg_read_file('/etc/passwd')"}),
    ("server-puppeteer", "puppeteer_navigate", {**PAGE, "launchOptions": {"executablePath": "/bin/sh"}}),
    ("server-slack", "slack_post_message", {"channel_id": "C1", "text": "hi"}),
    ("stripe-mcp", "create_refund", {"payment_intent": "pi_1"}),
    ("workspace-mcp", "manage_drive_access", {"file_id": "f", "share_with": "a@example.org"}),
    ("workspace-mcp", "manage_event", {"action": "create", "attendees": ["a@example.org"]}),
    ("workspace-mcp", "send_gmail_message", {"to": "a@example.org"}),
]


def verdict(book: Book, tool: str, arguments: dict[str, Any]) -> str:
    """What the starter policy says of one call to a server that lists what the profile was written from."""
    profile = book.tools[tool]
    server = Server("s", zone=book.zone or "external", package=book.package, version=book.versions[-1])  # type: ignore[arg-type]
    plain = call(arguments, server=server, schema={"type": "object"})
    action = replace(plain.action, tool=tool)
    seen = Observed(Guarded("/home/ana/.assent", ("/home/ana/.assent",)), readings=read_arguments(profile, action))
    profile = replace(profile, inferred=book.unverified)
    analysis = analyse(profile, action, seen, server)
    return decide(shipped("starter"), replace(plain, action=action, profile=profile, analysis=analysis)).verdict


@pytest.mark.parametrize(("name", "tool", "arguments"), QUIET)
def test_ordinary_work_is_not_asked_about(name: str, tool: str, arguments: dict[str, Any]) -> None:
    """A product that nags on its first day is unwrapped on its second."""
    assert verdict(BOOKS[name], tool, arguments) == "allow"


@pytest.mark.parametrize(("name", "tool", "arguments"), ASKED)
def test_what_leaves_the_house_or_cannot_be_undone_is_asked_about(
    name: str, tool: str, arguments: dict[str, Any]
) -> None:
    """Whatever the server's annotations say."""
    assert verdict(BOOKS[name], tool, arguments) == "escalate"


def test_what_shows_credentials_labels_the_session() -> None:
    """So that nothing is sent after it."""
    marked = {f"{name}/{tool}" for name, book in BOOKS.items() for tool, one in book.tools.items() if one.output_labels}
    assert marked == {"server-everything/get-env", "kubernetes-mcp-server/configuration_view"}


@pytest.mark.parametrize("name", BOOKS)
def test_what_cannot_be_undone_is_no_plain_read_and_a_plain_read_can(name: str) -> None:
    """A slip in a file of a hundred tools: `irreversible` beside `read` alone, or the reverse beside `delete`."""
    for tool, profile in BOOKS[name].tools.items():
        assert (profile.effects == {"read"}) <= (profile.reversibility == "reversible"), tool
        if profile.effects & {"delete", "send", "pay", "execute", "grant"}:
            assert profile.reversibility == "irreversible", tool
