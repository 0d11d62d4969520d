"""The decoder, run as a process of its own: compressed bytes on stdin, samples on stdout, one JSON report on stderr.

Codecs read hostile bytes with C code and can be made to take any amount of time and memory, so they run where the
system can stop them. This file is run by path, never imported by the package: it needs the standard library and PyAV
only, and starts in about 0.2 s. Samples are float32, mono, in the machine's byte order.

The report holds `stopped` (None, or why no more was decoded: "format", "video", "no_audio", "too_long", "memory",
"damage"), `found` (what the bytes are, no file name) and, once a stream was opened, what `_describe` says of it.
"""

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import av

# Only containers that carry sound by themselves: playlists and the like would make the demuxer open other files.
CONTAINERS = "wav,w64,flac,mp3,mov,mp4,m4a,3gp,3g2,mj2,ogg,matroska,webm,aac,aiff,caf,amr,avi,mpegts,flv"
# These state no duration: what the demuxer reports for them is a guess from the bit rate.
UNDECLARED = {"aac", "amr", "mpegts"}
XING_WITHIN_BYTES = 4_096  # the Xing, Info or VBRI header lies in the first frame; the largest frame has 2,881 bytes


class Stop(Exception):  # noqa: N818  (not always an error)
    """No more can or may be decoded; `reason` is the report's word for why."""

    def __init__(self, reason: str, found: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.found = found


class ToMono:
    """Averages the channels and resamples; a stream that changes its format on the way gets a new filter chain."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.graph: Any = None
        self.made_for: tuple[object, ...] = ()
        self.taken = 0
        self.given = 0

    def push(self, frame: Any) -> Iterator[bytes]:
        """Take one decoded frame, give what is ready."""
        kind = (frame.format.name, frame.layout.name, frame.layout.nb_channels, frame.sample_rate)
        if kind != self.made_for:
            yield from self.flush()
            self._build(frame)
            self.made_for = kind
        self.taken += frame.samples
        frame.pts = None
        self.graph.push(frame)
        yield from self._pull()

    def flush(self) -> Iterator[bytes]:
        """What the filter still holds, cut or padded so that n samples at rate r give round(n * rate_hz / r)."""
        if self.graph is None:
            return
        self.graph.push(None)
        owed = round(self.taken * self.rate_hz / self.made_for[3])  # type: ignore[operator]
        for block in self._pull():
            spare = max(0, owed - (self.given - len(block) // 4))
            yield block[: 4 * spare]
        if self.given < owed:
            yield bytes(4 * (owed - self.given))
        self.graph, self.taken, self.given = None, 0, 0

    def _build(self, frame: Any) -> None:
        graph = av.filter.Graph()
        channels = frame.layout.nb_channels
        # An explicit mean: the resampler's own downmix sums to more than full scale, and refuses unknown layouts.
        mean = "+".join(f"{1 / channels:.9f}*c{i}" for i in range(channels))
        graph.link_nodes(
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                channels=channels,
                time_base=_second_fraction(frame.sample_rate),
            ),
            graph.add("aformat", "sample_fmts=fltp"),
            graph.add("pan", f"mono|c0={mean}"),
            graph.add("aresample", f"{self.rate_hz}:filter_size=64:cutoff=0.97"),
            graph.add("aformat", "sample_fmts=flt:channel_layouts=mono"),
            graph.add("abuffersink"),
        ).configure()
        self.graph = graph

    def _pull(self) -> Iterator[bytes]:
        while True:
            try:
                frame = self.graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self.given += frame.samples
            yield bytes(frame.planes[0])[: 4 * frame.samples]


def _second_fraction(rate_hz: int) -> Any:
    from fractions import Fraction

    return Fraction(1, rate_hz)


def limit(job: dict[str, Any]) -> None:
    """Ask the system to stop this process before it takes more than it may; it opens no file and leaves no core."""
    import resource

    wanted = {
        "RLIMIT_AS": job["max_memory_bytes"],
        "RLIMIT_CPU": max(1, round(job["max_decode_s"])),
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
    }
    for name, value in wanted.items():
        # A system that does not know a limit, or allows less already, still has the parent's wall clock.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (value, value))


def open_audio(source: bytes) -> tuple[Any, Any]:
    """The container and its sound stream, by content alone."""
    try:
        container = av.open(io.BytesIO(source), options={"format_whitelist": CONTAINERS}, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise Stop("memory" if isinstance(error, av.error.MemoryError) else "format") from error
    cover = av.stream.Disposition.attached_pic
    films = [stream for stream in container.streams.video if not stream.disposition & cover]
    if films:
        raise Stop("video", f"{container.format.name} with {films[0].codec_context.name} video")
    if not container.streams.audio:
        raise Stop("no_audio", f"{container.format.name} without a sound stream")
    return container, container.streams.best("audio")


def declared_s(source: bytes, container: Any, stream: Any) -> float | None:
    """The duration that the file states about itself, seconds; None where it states none."""
    name = container.format.name
    if name == "wav":  # the demuxer replaces what the header says by what the file holds
        return _wav_declared_s(source)
    if name in UNDECLARED or (name == "mp3" and not _has_frame_count(source)):
        return None
    if stream.duration is not None and stream.time_base is not None:
        found = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        found = container.duration / av.time_base
    else:
        return None
    return found if found > 0 else None


def _wav_declared_s(source: bytes) -> float | None:
    """RIFF chunks up to `data`: its stated size over the stated bytes a second."""
    position, bytes_per_s = 12, 0
    while position + 8 <= len(source):
        name, size = source[position : position + 4], int.from_bytes(source[position + 4 : position + 8], "little")
        if name == b"data":
            return size / bytes_per_s if bytes_per_s and not _is_placeholder(size) else None
        if name == b"fmt ":
            bytes_per_s = int.from_bytes(source[position + 16 : position + 20], "little")
        position += 8 + size + size % 2
    return None


def ends_in_a_page(source: bytes) -> bool:
    """Whether an Ogg file's last page is whole (RFC 3533, section 6).

    An Ogg file states no duration: the demuxer takes it from the last page that it finds, so a file that was cut off
    looks like a shorter one that is whole.
    """
    start = source.rfind(b"OggS")
    table = source[start + 27 : start + 27 + source[start + 26]] if 0 <= start < len(source) - 26 else None
    if table is None or len(table) < source[start + 26]:
        return False
    rest = source[start + 27 + len(table) + sum(table) :]
    return len(source) >= start + 27 + len(table) + sum(table) and not (rest and b"OggS".startswith(rest))


def _is_placeholder(size: int) -> bool:
    """What recorders that cannot go back to the header write there: nothing, all ones, or about half of that."""
    return size in (0, 0xFFFFFFFF) or 0x7FFFF000 <= size <= 0x80000000


def _has_frame_count(source: bytes) -> bool:
    start = 0
    if source[:3] == b"ID3" and len(source) >= 10:
        start = 10 + sum(byte << shift for byte, shift in zip(source[6:10], (21, 14, 7, 0), strict=True))
    head = source[start : start + XING_WITHIN_BYTES]
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))


def frames(container: Any, stream: Any, tally: dict[str, int]) -> Iterator[Any]:
    """Every frame that decodes; damaged packets are counted and left out."""
    stream.codec_context.thread_count = 1
    if stream.codec_context.name == "flac":
        # Otherwise a frame that fails its checksum is handed on as noise.
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    try:
        for packet in container.demux(stream):
            tally["packets"] += 1
            try:
                yield from packet.decode()
            except av.error.MemoryError as error:
                raise Stop("memory") from error
            except av.error.FFmpegError:
                tally["damaged"] += 1
    except av.error.FFmpegError as error:
        raise Stop("damage") from error


def _describe(source: bytes, container: Any, stream: Any) -> dict[str, Any]:
    return {
        "container": container.format.name,
        "codec": getattr(stream.codec_context.codec, "canonical_name", stream.codec_context.name),
        "source_rate_hz": stream.codec_context.sample_rate,
        "channels": stream.codec_context.channels,
        "declared_s": declared_s(source, container, stream),
        "cut": container.format.name == "ogg" and not ends_in_a_page(source),
    }


def decode(job: dict[str, Any], source: bytes, report: dict[str, Any]) -> Iterator[bytes]:
    """Blocks of mono samples; `report` is filled on the way."""
    container, stream = open_audio(source)
    report.update(_describe(source, container, stream))
    to_mono = ToMono(job["rate_hz"])
    try:
        for frame in frames(container, stream, report["tally"]):
            yield from to_mono.push(frame)
    except Stop as stop:
        if stop.reason != "damage":
            raise
        report["stopped"] = stop.reason
    yield from to_mono.flush()


def within(blocks: Iterator[bytes], max_samples: int) -> Iterator[bytes]:
    """The blocks, up to a number of samples; headers are not asked how many there will be."""
    given = 0
    for block in blocks:
        given += len(block) // 4
        if given > max_samples:
            raise Stop("too_long")
        yield block


def main() -> None:
    """Limits first, then the bytes."""
    job = json.loads(sys.argv[1])
    limit(job)
    av.logging.set_level(av.logging.PANIC)
    report: dict[str, Any] = {"stopped": None, "found": "", "tally": {"packets": 0, "damaged": 0}}
    try:
        samples = decode(job, sys.stdin.buffer.read(), report)
        for block in within(samples, round(job["max_duration_s"] * job["rate_hz"])):
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
    except Stop as stop:
        report.update(stopped=stop.reason, found=stop.found)
    except MemoryError:
        report["stopped"] = "memory"
    sys.stderr.write(json.dumps(report))


if __name__ == "__main__":
    main()
