"""Small HTTP servers that misbehave on purpose, each reply written by the test."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Keeps what was asked and lets the test's act answer."""

    act: Act
    requests: list[dict[str, Any]]
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = {"path": self.path, "authorization": self.headers.get("authorization"), **json.loads(body or b"{}")}
        type(self).requests.append(request)
        with suppress(BrokenPipeError, ConnectionResetError):
            type(self).act(self, request)

    def answer(self, status: int, body: Any, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content_type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def events(self, *payloads: Any, pause_s: float = 0.0) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.end_headers()
        for payload in payloads:
            text = payload if isinstance(payload, str) else f"data: {json.dumps(payload, ensure_ascii=False)}"
            self.wfile.write(f"{text}\n\n".encode())
            self.wfile.flush()
            time.sleep(pause_s)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def piece(text: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """One event of a streamed chat completion."""
    delta = {} if text is None else {"content": text}
    return {"model": "served", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


@contextmanager
def serving(act: Act) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on loopback: its base_url, and the requests that it got."""
    requests: list[dict[str, Any]] = []
    handler = type("ActingHandler", (Handler,), {"act": staticmethod(act), "requests": requests})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
