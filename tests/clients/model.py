"""A model on loopback that follows a script, in the three languages that coding agents speak.

It calls `record`, then `erase`, then says that it has finished; which call is due it
reads from the results it is sent, as a model would. Anything else it is asked gets a
short text. What reached it is kept for the test.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STEPS = (("record", {"text": "the allowed one"}), ("erase", {"text": "the refused one"}))
DONE, NO_TOOL = "finished", "there is no tool for it"


class Model:
    """What the script has seen.

    Attributes:
        requests: every request, as path and body.
        results: what came back for each tool call, in order.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.results: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def turn(self, tools: list[str], results: list[str]) -> tuple[str, dict[str, str]] | None:
        """The call that is due: name as the client knows it, and arguments; None for text."""
        if len(results) > len(self.results):
            self.results = results
        if len(results) >= len(STEPS):
            return None
        name, arguments = STEPS[len(results)]
        known = [tool for tool in tools if re.search(rf"(^|[^a-z]){name}$", tool)]
        return (known[0], arguments) if known else None

    def text(self) -> str:
        """What it says when no call is due."""
        return DONE if len(self.results) == len(STEPS) else NO_TOOL

    # ---- Anthropic Messages ------------------------------------------------------

    def messages(self, body: Any) -> list[dict[str, Any]]:
        """Events of one streamed answer."""
        blocks = [b for m in body["messages"] if isinstance(m["content"], list) for b in m["content"]]
        results = [json.dumps(block["content"]) for block in blocks if block["type"] == "tool_result"]
        due = self.turn([tool.get("name", "") for tool in body.get("tools", [])], results)
        if due:
            block = {"id": f"toolu_{len(results)}", "input": {}, "name": due[0], "type": "tool_use"}
            delta = {"partial_json": json.dumps(due[1]), "type": "input_json_delta"}
        else:
            block, delta = {"text": "", "type": "text"}, {"text": self.text(), "type": "text_delta"}
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"content": [], "id": "msg_1", "model": body["model"], "role": "assistant", "type": "message"}
        stop = {"stop_reason": "tool_use" if due else "end_turn", "stop_sequence": None}
        return [
            {"message": {**message, "stop_reason": None, "usage": usage}, "type": "message_start"},
            {"content_block": block, "index": 0, "type": "content_block_start"},
            {"delta": delta, "index": 0, "type": "content_block_delta"},
            {"index": 0, "type": "content_block_stop"},
            {"delta": stop, "type": "message_delta", "usage": usage},
            {"type": "message_stop"},
        ]

    # ---- OpenAI Responses --------------------------------------------------------

    def responses(self, body: Any) -> list[dict[str, Any]]:
        """Events of one streamed answer; tools may stand in namespaces."""
        items = body["input"] if isinstance(body["input"], list) else []
        results = [json.dumps(item["output"]) for item in items if item.get("type") == "function_call_output"]
        spaces = {
            f"{space.get('name', '')}.{tool.get('name')}": (space.get("name"), tool.get("name"))
            for space in [{"tools": body.get("tools", [])}, *body.get("tools", [])]
            for tool in space.get("tools", [])
        }
        due = self.turn(list(spaces), results)
        item: dict[str, Any]
        if due:
            space, name = spaces[due[0]]
            item = {"arguments": json.dumps(due[1]), "call_id": f"call_{len(results)}", "name": name}
            item |= {"type": "function_call"} | ({"namespace": space} if space else {})
        else:
            item = {"content": [{"text": self.text(), "type": "output_text"}], "role": "assistant", "type": "message"}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        return [
            {"response": {"id": "resp_1"}, "type": "response.created"},
            {"item": {"id": "item_1", **item}, "output_index": 0, "type": "response.output_item.done"},
            {"response": {"id": "resp_1", "output": [], "usage": usage}, "type": "response.completed"},
        ]

    # ---- Gemini ------------------------------------------------------------------

    def generate(self, body: Any) -> dict[str, Any]:
        """One answer."""
        parts = [part for content in body["contents"] for part in content.get("parts", [])]
        results = [json.dumps(part["functionResponse"]["response"]) for part in parts if "functionResponse" in part]
        tools = [t["name"] for tool in body.get("tools", []) for t in tool.get("functionDeclarations", [])]
        due = self.turn(tools, results)
        part = {"functionCall": {"args": due[1], "name": due[0]}} if due else {"text": self.text()}
        candidate = {"content": {"parts": [part], "role": "model"}, "finishReason": "STOP", "index": 0}
        usage = {"candidatesTokenCount": 1, "promptTokenCount": 1, "totalTokenCount": 2}
        return {"candidates": [candidate], "usageMetadata": usage}

    def answer(self, path: str, body: Any) -> tuple[str, str]:
        """Media type and text of the answer to a POST."""
        self.requests.append((path, body))
        if "count" in path.lower():
            return "application/json", json.dumps({"input_tokens": 1, "totalTokens": 1})
        if path.endswith("/messages"):
            events = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in self.messages(body)]
            return "text/event-stream", "".join(events)
        if path.endswith("/responses"):
            events = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in self.responses(body)]
            return "text/event-stream", "".join(events)
        if path.endswith(":streamGenerateContent"):
            return "text/event-stream", f"data: {json.dumps(self.generate(body))}\n\n"
        if path.endswith(":generateContent"):
            return "application/json", json.dumps(self.generate(body))
        return "application/json", "{}"


@contextmanager
def listening() -> Iterator[Model]:
    """A model that answers on a port of its own."""
    model = Model()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.reply(*model.answer(self.path.partition("?")[0], json.loads(data or b"{}")))

        def do_GET(self) -> None:
            model.requests.append((self.path, None))
            self.reply("application/json", json.dumps({"data": [], "models": []}))

        def reply(self, media: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test reads `requests`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    model.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
