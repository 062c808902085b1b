"""A platform of 100 lines on a thread: it answers as it is told, and remembers what it did. The channel that leads to it.

It signs with a key of its own, and does a filing as often as it comes: also under its old number, unless `dedupe`, as a
platform may that promises nothing. `effects` counts that. A work order of a version that it has changes nothing.
`wrong` holds what it shall do wrong: functions of (infno, number of the call) that give a name of the faults, or None.
"""

import base64
import contextlib
import json
import secrets
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from common.clock import SHANGHAI
from sync import sm
from sync.channel import SHIPPED, Channel, read_channel
from sync.envelope import compact, top_level
from tests.conftest import NOW

CODE = "H37000000001"


class Platform:
    def __init__(self) -> None:
        self.private, self.public = sm.new_key_pair()
        self.signer = sm.LocalSigner(self.private)
        self.client_public = b""
        self.calls: list[tuple[str, str, str]] = []  # infno, msgid, the text of input
        self.times: Counter[tuple[str, str, int]] = Counter()  # (infno, rid, ver_no) → how often it was done
        self.dedupe = False  # whether a filing under a number that was done already changes nothing
        self.numbers: set[str] = set()  # of what was done
        self.known: dict[str, int] = {}  # rid → newest version of its filing
        self.orders: dict[str, int] = {}  # rid → newest version of its work order
        self.order: list[tuple[str, int]] = []
        self.lists: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}  # infno → node → output
        self.wrong: Callable[[str, int], str | None] = lambda _infno, _n: None
        self.refuse: set[str] = set()  # rids that get -2
        self.token = "token-1"
        self.needs_sign_no = ""
        self.now = NOW.astimezone(SHANGHAI)
        self.url = ""
        self.lock = threading.Lock()

    @property
    def effects(self) -> dict[tuple[str, int], int]:
        """(rid, ver_no) → how often the same was done."""
        found: dict[tuple[str, int], int] = {}
        for (_infno, *one), many in self.times.items():
            found[one[0], one[1]] = max(many, found.get((one[0], one[1]), 0))
        return found

    def done(self, infno: str, said: Any) -> dict[str, Any]:
        if infno == "G101":
            return {"result": [self._row(infno, row) for row in said["matt"]]}
        if infno == "G201":
            row = self._row(infno, said["appy"])
            return row | {"trt_dcla_detl_sn": "T" + row["rid"][:20]}
        if infno == "G202":
            row = self._row(infno, said["data"])
            return {"rid": row["rid"], "ver_no": row["ver_no"]}
        if infno == "G203" and "rid" in said["data"]:
            asked = said["data"]
            rid = asked["rid"]
            return asked | {"list": [{"rid": rid, "ver_no": self.known[rid]}] if rid in self.known else []}
        if infno == "9001":
            self.needs_sign_no = "S" + secrets.token_hex(4)
            return {"signinoutb": {"sign_no": self.needs_sign_no, "sign_time": "2026-11-23 10:00:00"}}
        return self.lists[infno](said.get("data", {})) if infno in self.lists else {}

    def _row(self, infno: str, row: dict[str, Any]) -> dict[str, Any]:
        rid, version, number = row["rid"], row["ver_no"], self.calls[-1][1]
        known = self.orders if infno == "G101" else self.known
        if rid in self.refuse:
            return {"rid": rid, "ver_no": version, "code": "-2", "msg": "经办机构不存在"}
        done = known.get(rid, -1) >= version if infno == "G101" else self.dedupe and number in self.numbers
        if not done:
            known[rid] = max(version, known.get(rid, -1))
            self.numbers.add(number)
            self.times[infno, rid, version] += 1
            if (rid, version) not in self.order:
                self.order.append((rid, version))
        return {"rid": rid, "ver_no": version, "code": "0", "msg": ""}

    def reply(
        self, infcode: Any, output: Any, words: str | None = "成功", number: str | None = None, **more: Any
    ) -> bytes:
        if number is None:
            number = f"370000{self.now:%Y%m%d%H%M%S}{time.time_ns() % 10**10:010}"
        text = output if isinstance(output, str) else _written(output)
        signature = base64.b64encode(self.signer.sign(f"{infcode}|{number}|{text}".encode())).decode()
        head = {"infcode": infcode, "inf_refmsgid": number, "err_msg": words, "cainfo": signature, **more}
        return f'{_written(head)[:-1]},"output":{text}}}'.encode()


def _written(value: Any) -> str:
    """JSON, half a character as the escape that it can only be."""
    return compact(value).encode("utf-8", "backslashreplace").decode()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: else each answer waits for the other end's delayed receipt
    platform: Platform

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        platform = self.platform
        if self.path == "/token":
            wanted = "Basic " + base64.b64encode(b"client:secret").decode()
            token = compact({"access_token": platform.token, "expires_in": 3600}).encode()
            return self._send(200, token) if self.headers["Authorization"] == wanted else self._send(401, b"")
        text = raw.decode()
        said = json.loads(text)
        infno, body = said["infno"], top_level(text)["input"]
        with platform.lock:
            platform.calls.append((infno, said["msgid"], body))
            fault = platform.wrong(infno, len(platform.calls))
            if "Authorization" in self.headers and self.headers["Authorization"] != f"Bearer {platform.token}":
                return self._send(401, b"")
            if platform.client_public:
                signature = base64.b64decode(said["cainfo"])
                assert sm.verifies(platform.client_public, body.encode(), signature)
            if platform.needs_sign_no and infno != "9001" and said["sign_no"] != platform.needs_sign_no:
                return self._send(200, platform.reply(-1, {}, "签到已失效"))
            if fault not in ("lost", "500", "busy", "429", "413", "422", "slow-before"):
                output: Any = platform.done(infno, said["input"])
            refused = infno == "G201" and said["input"]["appy"]["rid"] in platform.refuse
        match fault:
            case "lost" | "done-lost":
                self.close_connection = True
                self.connection.close()
            case "500" | "done-500":
                self._send(500, b"<html>502 Bad Gateway</html>")
            case "429":
                self._send(429, b"", {"Retry-After": "7"})
            case "busy":
                self._send(200, platform.reply(-1, {}, "系统繁忙，请稍后重试"))
            case "unsigned":
                self._send(200, platform.reply(0, output, cainfo=base64.b64encode(bytes(64)).decode()))
            case "slow":
                time.sleep(20)
            case "413" | "422":
                self._send(int(fault), b"")
            case "twice":
                for _ in range(2):
                    self._send(200, platform.reply(0, output))
            case None:
                self._send(
                    200,
                    platform.reply(
                        -2 if refused else 0, {} if refused else output, "经办机构不存在" if refused else "成功"
                    ),
                )

    def _send(self, status: int, raw: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client is gone: what these tests are about
            super().handle()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def running() -> Iterator[Platform]:
    """A platform that listens."""
    platform = Platform()
    handler = type("Answer", (_Answer,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    platform.url = f"http://127.0.0.1:{server.server_port}"
    yield platform
    server.shutdown()
    server.server_close()


def channel_files(folder: Path, platform: Platform, **lines: str) -> tuple[Path, Path]:
    """The shipped channel, led to this platform, with secrets beside it: the file and the folder of secrets. lines: other
    values for lines of it ("read_s": "1")."""
    text = SHIPPED.read_text(encoding="utf-8").replace("http://127.0.0.1:8020", platform.url)
    for name, value in {
        "first_s": "0.01",
        "longest_s": "0.2",
        "connect_s": "1",
        "read_s": "2",
        "lease_s": "9",
        **lines,
    }.items():
        text = "\n".join(f"{name} = {value}" if line.startswith(f"{name} = ") else line for line in text.splitlines())
    file, secret = folder / "channel.toml", folder / "secrets"
    file.write_text(text, encoding="utf-8")
    shutil.rmtree(secret, ignore_errors=True)
    secret.mkdir()
    private, platform.client_public = sm.new_key_pair()
    for name, value in {
        "tif-token": "a-token-of-the-tests",
        "sm2-private.key": base64.b64encode(private).decode(),
        "platform-sm2-public.key": base64.b64encode(platform.public).decode(),
        "sm4.key": base64.b64encode(bytes(range(16))).decode(),
        "client": "client\nsecret",
    }.items():
        (secret / name).write_text(value + "\n", encoding="ascii")
        (secret / name).chmod(0o600)
    return file, secret


def channel_to(folder: Path, platform: Platform, **lines: str) -> Channel:
    return read_channel(*channel_files(folder, platform, **lines))
