"""The simulator's socket: a thread per connection, so that an answer can be lost, late, doubled or cut in half."""

import json
import socket
import struct
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import urlsplit

from platform_sim import faults
from platform_sim.admin import Admin
from platform_sim.checks import Stranger
from platform_sim.service import Answer, Service

MOST_BODY = 1_000_000  # bytes
IDLE_S = 60
PATH = "/fsi/api/rsfComIfsService/callService/"
FAULT_HEADER = "X-Simulator-Fault"  # only from this machine


class Server(ThreadingHTTPServer):
    """Listens; can close its door for a while."""

    daemon_threads = True
    request_queue_size = 128
    service: Service
    admin: Admin

    def __init__(self, host: str, port: int, service: Service, admin: Admin):
        self.service, self.admin = service, admin
        self.closed_until = 0.0
        self.stopping = threading.Event()
        super().__init__((host, port), Handler)
        self.where = self.server_address

    def server_bind(self) -> None:
        """Without asking anybody for the name of this machine."""
        TCPServer.server_bind(self)

    def serve(self) -> None:
        """Until `stopping`. While the door is closed the port refuses connections."""
        self.socket.settimeout(0.2)
        while not self.stopping.is_set():
            if self.closed_until > time.monotonic():
                self.socket.close()
                while self.closed_until > time.monotonic() and not self.stopping.is_set():
                    time.sleep(0.02)
                self._open_again()
            try:
                request, address = self.socket.accept()
            except OSError:
                continue
            request.settimeout(IDLE_S)
            self.process_request(request, address)
        self.socket.close()

    def _open_again(self) -> None:
        while not self.stopping.is_set():
            self.socket = socket.socket(self.address_family, self.socket_type)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.socket.bind(self.where)
                self.socket.listen(self.request_queue_size)
                self.socket.settimeout(0.2)
            except OSError:  # somebody else has the port for a moment
                self.socket.close()
                time.sleep(0.05)
            else:
                return

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news; whatever else it was, its words may carry what was sent."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "platform-sim", ""
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Admin, and whether it is there."""
        if self.path == "/healthz":
            self._send(Answer(200, b'{"ok":true}'))
        else:
            self._admin(b"")

    def do_POST(self) -> None:
        """A transaction, a token or admin."""
        path = urlsplit(self.path).path
        size = self.headers.get("Content-Length", "" if self.command == "POST" else "0")
        if not (size.isascii() and size.isdigit()):
            self.close_connection = True
            return self._send(Answer(411, b'{"code":"411","msg":"Content-Length"}'))
        if int(size) > MOST_BODY:
            self.close_connection = True
            self._let_go_of(int(size))
            return self._send(Answer(413, b'{"code":"413","msg":"too large"}'))
        raw = self.rfile.read(int(size))
        if len(raw) < int(size):  # they went away in the middle
            self.close_connection = True
        elif path.startswith("/admin/"):
            self._admin(raw)
        elif path == "/oauth/token":
            self._token(raw)
        elif path.startswith(PATH):
            self._transaction(path.removeprefix(PATH), raw)
        else:
            self._send(Answer(404, b'{"code":"404","msg":"no such service"}'))

    do_PUT = do_DELETE = do_POST

    def _let_go_of(self, size: int) -> None:
        """Read and forget, or the sender would find a broken connection instead of the answer; not for ever."""
        size = min(size, 20 * MOST_BODY)
        while size > 0 and (piece := self.rfile.read(min(size, 65_536))):
            size -= len(piece)

    def _transaction(self, infno: str, raw: bytes) -> None:
        if "json" not in self.headers.get("Content-Type", ""):
            return self._send(Answer(415, b'{"code":"415","msg":"Content-Type"}'))
        told = self.headers.get(FAULT_HEADER, "") if self._is_local() else ""
        self._send(
            self.server.service.answer(
                infno, {k.lower(): v for k, v in self.headers.items()}, raw, told if told in faults.KINDS else ""
            )
        )

    def _token(self, raw: bytes) -> None:
        grant = dict(pair.partition("=")[::2] for pair in raw.decode("utf-8", "replace").split("&"))
        try:
            said = self.server.service.gate.new_token(
                self.headers.get("Authorization", ""), grant.get("grant_type", "")
            )
        except Stranger as stranger:
            return self._send(Answer(401, json.dumps({"error": "invalid_client", "msg": str(stranger)}).encode()))
        self._send(Answer(200, json.dumps(said).encode()))

    def _admin(self, raw: bytes) -> None:
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if not self._is_local() or host not in {"127.0.0.1", "localhost", "[::1]"}:
            return self._send(Answer(403, b'{"error":"only from this machine"}'))
        status, said = self.server.admin.answer(self.command, self.path, raw)
        self._send(Answer(status, json.dumps(said, ensure_ascii=False).encode()))

    def _is_local(self) -> bool:
        return self.client_address[0] in {"127.0.0.1", "::1"}

    def _send(self, answer: Answer) -> None:
        if answer.way == "refuse":
            self.server.closed_until = time.monotonic() + answer.seconds
        if not answer.status:
            return self._break()
        if answer.way == "slow":
            time.sleep(answer.seconds)
        head = f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('',))[0]}\r\n"
        headers = {"Date": self.server.service.http_date(), "Content-Type": answer.content_type}
        headers |= {"Content-Length": str(len(answer.body)), **answer.headers}
        if self.close_connection:
            headers["Connection"] = "close"
        whole = (head + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode() + answer.body
        with suppress(OSError):
            if answer.way == "truncated":
                self.connection.sendall(whole[: -max(1, len(answer.body) // 2)])
                time.sleep(0.05)  # a reset would throw away what is still on its way
                return self._break()
            if answer.way == "drip":
                return self._drip(whole, answer.seconds)
            self.connection.sendall(whole * 2 if answer.way == "duplicate-reply" else whole)

    def _drip(self, whole: bytes, seconds: float) -> None:
        pieces = 20
        size = max(1, -(-len(whole) // pieces))
        for start in range(0, len(whole), size):
            self.connection.sendall(whole[start : start + size])
            time.sleep(seconds / pieces)

    def _break(self) -> None:
        """The connection is reset, without a goodbye."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """The journal is the log."""
