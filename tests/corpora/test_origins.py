import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from typer.testing import CliRunner

from vaidya.cli.data import app
from vaidya.corpora.origins import Source, fetch, holdings, origins, pull, unpack
from vaidya.corpora.sets import data_sets
from vaidya.errors import DataError
from vaidya.settings import settings

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class Origin(BaseHTTPRequestHandler):
    """A server that drops the connection after a third of the file, and understands ranges."""

    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        if self.path != "/file.bin":
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        Origin.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : start + len(CONTENT) // 3 + 1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Origin.asked.clear()
    running = ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()


def test_a_broken_download_goes_on_where_it_stopped(server: str, tmp_path: Path) -> None:
    path = fetch(Source(url=f"{server}/file.bin", to="raw/file.bin"), tmp_path)
    assert path.read_bytes() == CONTENT
    first, *later = Origin.asked
    starts = [int(str(wanted).removeprefix("bytes=").removesuffix("-")) for wanted in later]
    assert first is None
    assert starts == sorted(set(starts)), "each try asks for more than the one before"
    assert starts[0] > 0


def test_a_file_that_is_there_is_checked_and_not_fetched(server: str, tmp_path: Path) -> None:
    source = Source(url=f"{server}/file.bin", to="file.bin")
    fetch(source, tmp_path)
    Origin.asked.clear()
    fetch(source, tmp_path)
    assert Origin.asked == []
    (tmp_path / "file.bin").write_bytes(b"changed since")
    with pytest.raises(DataError, match="remove it and pull again"):
        fetch(source, tmp_path)


def test_other_bytes_than_the_pinned_ones_are_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected 000000000000"):
        fetch(Source(url=f"{server}/file.bin", to="file.bin", sha256="0" * 64), tmp_path)


def test_a_file_that_the_server_does_not_have_is_told(server: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="answered 404"):
        fetch(Source(url=f"{server}/gone.bin", to="gone.bin"), tmp_path)


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be fetched"):
        fetch(Source(url="http://127.0.0.1:9/file.bin", to="file.bin"), tmp_path)


def test_an_archive_is_unpacked_without_its_leading_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("set-main/audio/a.wav", b"a")
    unpack(tmp_path / "set.zip", 1)
    assert (tmp_path / "audio" / "a.wav").read_bytes() == b"a"


def test_an_archive_that_points_outside_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with zipfile.ZipFile(inside / "set.zip", "w") as archive:
        archive.writestr("top/../../outside.txt", b"x")
    with pytest.raises(DataError, match="outside its folder"):
        unpack(inside / "set.zip", 1)
    assert not (tmp_path / "outside.txt").exists()


def test_what_cannot_be_fetched_says_how(data: Path) -> None:
    with pytest.raises(DataError, match="iiscleap/Coswara-Data"):
        pull("coswara")


def test_offline_fetches_nothing(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAIDYA_OFFLINE", "1")
    settings.cache_clear()
    with pytest.raises(DataError, match="VAIDYA_OFFLINE is set"):
        pull("ktas1267")


def test_every_set_but_our_own_has_an_origin_or_shares_a_folder() -> None:
    folders = {row.folder for name, row in data_sets().items() if name in origins()}
    for name, row in data_sets().items():
        assert row.own or name in origins() or row.folder in folders, name
    assert origins().keys() <= data_sets().keys()


def test_origins_are_pinned_to_a_commit() -> None:
    for row in origins().values():
        for source in row.files:
            if "raw.githubusercontent.com" in source.url or "codeload" in source.url:
                assert any(len(part) == 40 for part in source.url.split("/")), source.url


def test_the_list_says_how_to_get_each_set(data: Path) -> None:
    states = {row.name: row.state for row in holdings()}
    assert states["cases"] == "here"
    assert states["ktas1267"] == "to pull"
    assert states["coswara"] == "by hand"
    done = CliRunner().invoke(app, ["list"], catch_exceptions=False)
    assert "vaidya data pull mts-dialog" in done.stdout
