"""A verified model folder, served: `python -m vaidya.deploy.server FOLDER`.

Started by `vaidya.deploy.launch`, which verifies the folder and puts the folder's own copy of this package first on the
path: what answers patients is the code that was judged, whatever is installed beside it.
"""

import argparse
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from vaidya.config import RunConfig
from vaidya.deploy.admission import Admission
from vaidya.deploy.app import create_app
from vaidya.deploy.service import Service
from vaidya.registry.model import DATA, load_pipeline, read_config

# Seconds after SIGTERM. SageMaker kills a container after 30.
TURN_S = 20.0  # who still waits for a turn is told to ask elsewhere
DRAIN_S = 24  # connections whose consultation is still at work are closed
EXIT_S = 28.0  # the process ends, whatever hangs
WAITING_PER_WORKER = 4


def main() -> None:
    """Serve until SIGTERM, then finish what is at work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    log_codes_only()
    serve(arguments.folder, arguments.host, arguments.port)


def serve(folder: Path, host: str, port: int) -> None:
    """Serve a model folder; the process ends here, with exit code 1 when its models cannot be loaded."""
    data = folder / DATA
    config = read_config(data)
    failed: list[bool] = []

    def give_up() -> None:
        failed.append(True)
        server.should_exit = True

    app = create_app(lambda: load_pipeline(data), config.audio, admission_of(config), give_up)
    # Access logs hold addresses of patients' machines; the application logs codes only, and so do uvicorn's loggers
    # once they have no handlers of their own.
    settings = uvicorn.Config(
        app, host=host, port=port, timeout_graceful_shutdown=DRAIN_S, access_log=False, log_config=None
    )
    server = Server(settings, app.state.service)
    server.run()
    # Not by returning: the interpreter waits for threads, and models that load or a consultation that hangs are some.
    end(1 if failed else 0)


def admission_of(config: RunConfig) -> Admission:
    """The queue of a configuration."""
    workers = config.deploy.max_concurrent
    return Admission(workers, workers * WAITING_PER_WORKER)


class Server(uvicorn.Server):
    """uvicorn's server, gone within EXIT_S of the signal in every case."""

    def __init__(self, settings: uvicorn.Config, service: Service) -> None:
        super().__init__(settings)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The signal: stop listening, finish what is at work, and set the clock for what does not finish."""
        if not self.should_exit:
            _later(TURN_S, self._service.drop_waiting)
            _later(EXIT_S, lambda: end(1))
        super().handle_exit(sig, frame)


def _later(seconds: float, work: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()


def end(code: int) -> None:
    """End the process now, without waiting for any thread."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


class CodesOnly(logging.Formatter):
    """A log line with an exception's type and place, never its text, which may quote a patient."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what another handler made of the exception is not used."""
        record.exc_text = None
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the standard library's name
        """Type and place."""
        return _told(ei[0], ei[2])


def log_codes_only() -> None:
    """One handler for every logger of the process, and for what threads do not catch."""
    handler = logging.StreamHandler()
    handler.setFormatter(CodesOnly("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    threading.excepthook = lambda args: logging.getLogger("vaidya.deploy").error(
        _told(args.exc_type, args.exc_traceback)
    )


def _told(kind: Any, trace: Any) -> str:
    frames = traceback.extract_tb(trace)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"unexpected {getattr(kind, '__name__', 'error')}{where}"


if __name__ == "__main__":
    main()
