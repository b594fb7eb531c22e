"""A real OpenTelemetry SDK and exporter, and a receiver that keeps what arrives as OTLP JSON."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


class Receiver:
    """Receives spans over HTTP and appends each export as a line of OTLP JSON, as a collector's file exporter does."""

    def __init__(self, file: Path) -> None:
        self.file = file
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = ExportTraceServiceRequest()
                message.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.keep(MessageToDict(message))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{self._server.server_port}/v1/traces")
        self._provider = TracerProvider(resource=Resource({"service.name": "agent"}))
        self._provider.add_span_processor(SimpleSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("test")
        return self

    def __exit__(self, *_: object) -> None:
        self._provider.shutdown()
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def span(self, tool: str, arguments: Mapping[str, Any]) -> Iterator[None]:
        """One `execute_tool` span (OpenTelemetry semantic conventions for generative AI)."""
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": tool,
            "gen_ai.tool.call.arguments": json.dumps(arguments),
        }
        with self._tracer.start_as_current_span(f"execute_tool {tool}", attributes=attributes):
            yield

    def keep(self, export: dict[str, Any]) -> None:
        """OTLP JSON writes ids in hex, where protobuf's JSON has base64 (OTLP specification, JSON encoding)."""
        for resource in export["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    span |= {name: base64.b64decode(span[name]).hex() for name in ("traceId", "spanId")}
        with self.file.open("a") as file:
            file.write(json.dumps(export) + "\n")
