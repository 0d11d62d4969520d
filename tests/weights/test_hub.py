"""The hub's own library against a small server that speaks its protocol: pinned revision, gate, silence."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.weights.conftest import sha256

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {"model.bin": b"weights of the hub" * 100, "config.json": b"{}"}

RESOLVE = """
import sys
from vaidya.errors import WeightsError
from vaidya.weights import resolve
try:
    found = resolve(sys.argv[1])
    print(found.used.model_dump_json(), sorted(found.files))
except WeightsError as error:
    print("refused:", error)
"""


class Hub(BaseHTTPRequestHandler):
    """One open repository (org/open) and one gated (org/gated)."""

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        if "org/gated" in self.path:
            self.reply(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "gated"}, body=body)
        elif self.path.startswith("/api/models/org/open"):
            self.reply(200, self.listing(), {"Content-Type": "application/json"}, body=body)
        elif "/resolve/" in self.path:
            data = FILES[self.path.partition("/resolve/")[2].partition("/")[2]]
            headers = {"ETag": f'"{sha256(data)}"', "X-Repo-Commit": REVISION}
            self.reply(200, data, headers, body=body)
        else:
            self.reply(200, b"hub", {}, body=body)

    def listing(self) -> bytes:
        if "/tree/" in self.path:
            rows = [{"type": "file", "path": name, "size": len(data), "oid": "0" * 40} for name, data in FILES.items()]
            return json.dumps(rows).encode()
        siblings = [{"rfilename": name} for name in FILES]
        return json.dumps({"id": "org/open", "sha": REVISION, "siblings": siblings, "private": False}).encode()

    def reply(self, status: int, data: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def ask(name: str, tmp_path: Path, endpoint: str, **variables: str) -> str:
    """In a process of its own: the hub's library reads its address when it is imported."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "VAIDYA_CACHE": str(tmp_path / "cache"),
        "VAIDYA_HUB_TIMEOUT_S": "2",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, name], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


def test_files_come_at_the_pinned_revision_and_stay_in_the_hubs_cache(hub: str, tmp_path: Path) -> None:
    name = f"hub:org/open@{REVISION}"
    said = ask(name, tmp_path, hub)
    assert sha256(FILES["model.bin"]) in said
    assert f"hub org/open@{REVISION[:12]}" in said
    assert said.endswith("['config.json', 'model.bin']")
    assert ask(name, tmp_path, "http://127.0.0.1:9", VAIDYA_OFFLINE="1") == said


def test_a_gated_repository_says_what_to_do(hub: str, tmp_path: Path) -> None:
    said = ask(f"hub:org/gated@{REVISION}", tmp_path, hub)
    assert said.startswith("refused:")
    assert "accept its licence at https://huggingface.co/org/gated, then set HF_TOKEN" in said


def test_a_hub_that_does_not_answer_is_told_as_such(tmp_path: Path) -> None:
    said = ask(f"hub:org/open@{REVISION}", tmp_path, "http://127.0.0.1:9")
    assert "tried the hub (it does not answer; limit 2 s)" in said
