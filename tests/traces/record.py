"""Record traces of ordinary work: real MCP servers, started without Assent, on a directory of their own.

    python -m tests.traces.record [NAME…]

Each task of `tests.traces.tasks` runs once; what it called, what the servers answered and which files
changed is written to `recorded/NAME.json`, with the work directory as `{work}`. Tool definitions are kept
once for all traces, in `recorded/servers.json`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from assent.edges.mcp.command import program_of
from tests.edges.mcp.wire import Wire
from tests.traces import tasks

ROOT = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).with_name("recorded")
NODE = ROOT / ".servers" / "node" / "node_modules"


def commands(work: Path, proxy: str) -> dict[str, list[str]]:
    """How each server of the traces is started on a work directory."""

    def python(name: str, program: str, *more: str) -> list[str]:
        return [str(ROOT / ".servers" / name / "bin" / program), *more]

    def node(package: str, *more: str) -> list[str]:
        return ["node", str(NODE / package / "dist" / "index.js"), *more]

    return {
        "files": node("@modelcontextprotocol/server-filesystem", str(work)),
        "git": python("git", "mcp-server-git", "--repository", str(work)),
        "db": python("sqlite", "mcp-server-sqlite", "--db-path", str(work / "data.db")),
        "time": python("time", "mcp-server-time", "--local-timezone", "Europe/Berlin"),
        "web": python("fetch", "mcp-server-fetch", "--proxy-url", proxy, "--ignore-robots-txt"),
        "memory": node("@modelcontextprotocol/server-memory"),
        "thinking": node("@modelcontextprotocol/server-sequential-thinking"),
        "shell": python("shell", "mcp-shell-server"),
    }


class Pages(BaseHTTPRequestHandler):
    """A proxy that has every page there is: the one of the task, or a short text."""

    def do_GET(self) -> None:  # the name is the library's
        body = tasks.page(self.path).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is told."""


class Run:
    """One task under way: servers are started when first called, every call is written down."""

    def __init__(self, work: Path, proxy: str) -> None:
        self.work = work
        self.calls: list[dict[str, Any]] = []
        self.used: dict[str, dict[str, Any]] = {}
        self.definitions: dict[str, list[Any]] = {}
        self._wires: dict[str, Wire] = {}
        self._commands = commands(work, proxy)
        self._seen: dict[str, str] = {}

    def begin(self) -> dict[str, str]:
        """The text files before the first call."""
        self._seen = self._tree()
        return self._seen

    def call(self, server: str, tool: str, **arguments: object) -> Any:
        """Call a tool; `{work}` in an argument is the work directory. The text of the result."""
        wire = self._wires.get(server) or self._start(server)
        real = json.loads(json.dumps(arguments).replace("{work}", str(self.work)))
        answer = wire.call(tool, real)
        result = answer.get(
            "result", {"isError": True, "content": [{"type": "text", "text": str(answer.get("error"))}]}
        )
        after = self._tree()
        changed: dict[str, str | None] = {p: t for p, t in after.items() if self._seen.get(p) != t}
        changed |= {path: None for path in self._seen if path not in after}
        self._seen = after
        entry = {"server": server, "tool": tool, "arguments": arguments, "response": self._masked(result)}
        self.calls.append({**entry, "changed": changed} if changed else entry)
        return "\n".join(str(part.get("text", "")) for part in result.get("content", []))

    def close(self) -> None:
        """End every server."""
        for wire in self._wires.values():
            wire.close()

    def _start(self, server: str) -> Wire:
        command = self._commands[server]
        found = program_of(command, {"PATH": "/usr/local/bin:/usr/bin:/bin"})
        environ = {
            "MEMORY_FILE_PATH": str(self.work.parent / "memory.jsonl"),
            "ALLOW_COMMANDS": ",".join(tasks.PROGRAMS),
        }
        self._wires[server] = wire = Wire(command, environ, errors=self.work.parent / "errors")
        wire.hello()
        self.definitions[server] = wire.ask("tools/list")["result"]["tools"]
        used = {"arguments": list(found.arguments), "package": found.package, "version": found.version}
        self.used[server] = self._masked(used)
        return wire

    def _tree(self) -> dict[str, str]:
        found = {}
        for path in sorted(self.work.rglob("*")):
            inside = path.relative_to(self.work)
            if path.is_file() and ".git" not in inside.parts and path.suffix != ".db":
                found[str(inside)] = path.read_text("utf-8", "replace")
        return found

    def _masked(self, value: object) -> Any:
        return json.loads(json.dumps(value).replace(str(self.work), "{work}"))


def record(name: str, task: Callable[[Run], None], proxy: str) -> dict[str, Any]:
    """Run one task; its trace."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as scratch:
        work = Path(scratch).resolve() / "work"
        work.mkdir()
        run = Run(work, proxy)
        for path, text in tasks.tree(name).items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            (work / path).write_text(text)
        if (work / ".gitignore").exists():
            for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
                identity = ["-c", "user.name=dev", "-c", "user.email=dev@example.org"]
                subprocess.run(["git", *identity, *arguments], cwd=work, check=True)
            subprocess.run(["git", "config", "user.name", "dev"], cwd=work, check=True)
            subprocess.run(["git", "config", "user.email", "dev@example.org"], cwd=work, check=True)
        before = run.begin()
        try:
            task(run)
        finally:
            run.close()
        definitions = {server: run.definitions[server] for server in run.used}
        trace = {"task": (task.__doc__ or "").strip(), "servers": run.used, "tree": before, "calls": run.calls}
        return {"trace": trace, "definitions": definitions}


def main(names: list[str]) -> None:
    """Record the tasks with these names, or all."""
    (ROOT / "build").mkdir(exist_ok=True)
    RECORDED.mkdir(exist_ok=True)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    proxy = f"http://127.0.0.1:{httpd.server_address[1]}"
    listed = RECORDED / "servers.json"
    servers = json.loads(listed.read_text("utf-8")) if listed.exists() else {}
    for name, task in tasks.TASKS.items():
        if names and name not in names:
            continue
        made = record(name, task, proxy)
        for server, definitions in made["definitions"].items():
            used = made["trace"]["servers"][server]
            servers[f"{used['package']} {used['version']}"] = definitions
        text = json.dumps(made["trace"], indent=1, ensure_ascii=False, sort_keys=True)
        (RECORDED / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        failed = sum(1 for call in made["trace"]["calls"] if call["response"].get("isError"))
        print(f"{name}: {len(made['trace']['calls'])} calls, {failed} failed", flush=True)
    listed.write_text(json.dumps(servers, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    httpd.shutdown()


if __name__ == "__main__":
    if shutil.which("node") is None:
        sys.exit("node is needed")
    main(sys.argv[1:])
