"""Real servers that write down what they did, on free ports of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg

INSTALLED = Path(__file__).parents[2] / ".servers"
USER = "agent"


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL of our own with pgaudit and a CSV log."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """How the agent's role connects."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> Path:
        """Its CSV log."""
        return self.folder / "data" / "log" / "all.csv"

    def run(self, statement: str) -> None:
        """Run a statement as the agent's role, past everything."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Start one, with a table `customers`, and stop it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    as_other: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="assent-pg-"))
    if os.geteuid() == 0:  # it refuses to run as root
        other = pwd.getpwnam("postgres")
        os.chown(folder, other.pw_uid, other.pw_gid)
        as_other = ["setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups"]
    port, data = free_port(), folder / "data"
    made = [programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*as_other, *made], check=True, capture_output=True, cwd="/")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "shared_preload_libraries": "pgaudit",
        "pgaudit.log": "read,write,ddl,role",
        "pgaudit.log_catalog": "off",
        "logging_collector": "on",
        "log_destination": "csvlog",
        "log_directory": "log",
        "log_filename": "all.log",
        "log_timezone": "UTC",
        "fsync": "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = subprocess.Popen(
        [*as_other, programs / "postgres", "-D", data, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    server = Postgres(folder, port)
    try:
        _until(lambda: server.run("CREATE TABLE customers (id int, name text)"), psycopg.Error)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # fast: who is still connected is cut off
        process.wait(30)
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Web:
    """An HTTP server with an access log."""

    port: int
    log: Path

    def ask(self, path: str, method: str = "GET") -> int:
        """Send one request; the status of the answer."""
        request = Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
                return int(answer.status)
        except HTTPError as error:
            return error.code


_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log combined;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok\\n"; }} }}
}}
"""


@contextmanager
def nginx(folder: Path) -> Iterator[Web]:
    """Start nginx; it answers everything and logs in the combined format."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(folder=folder, port=port))
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") or "nginx"
    with _running([program, "-c", str(file), "-p", str(folder)], Web(port, folder / "access.log")) as web:
        yield web


_ENVOY = """
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: test
          access_log:
          - name: envoy.access_loggers.file
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: {log}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{ prefix: "/" }}
                direct_response: {{ status: 200, body: {{ inline_string: "ok" }} }}
"""


@contextmanager
def envoy(folder: Path) -> Iterator[Web]:
    """Start Envoy; it answers everything and logs in its default format."""
    port, log = free_port(), folder / "envoy.log"
    file = folder / "envoy.yaml"
    file.write_text(_ENVOY.format(port=port, log=log))
    program = str(INSTALLED / "envoy" / "bin" / "envoy")
    command = [
        program,
        "-c",
        str(file),
        "--disable-hot-restart",
        "--concurrency",
        "1",
        "-l",
        "off",
        "--file-flush-interval-msec",
        "50",
    ]
    with _running(command, Web(port, log)) as web:
        yield web


@contextmanager
def _running(command: list[str], web: Web) -> Iterator[Web]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _until(lambda: web.ask("/ready"), OSError)
        yield web
    finally:
        process.terminate()
        process.wait(30)


def _until(tried: object, error: type[Exception], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            tried()  # type: ignore[operator]
        except error:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
