"""A verified model folder, served: `python -m vaidya.deploy.server FOLDER`.

Started by `vaidya.deploy.launch`, which verifies the folder and puts the folder's own copy of this package first on the
path: what answers patients is the code that was judged, whatever is installed beside it.
"""

import argparse
import logging
from pathlib import Path

import uvicorn

from vaidya.config import RunConfig
from vaidya.deploy.admission import Admission
from vaidya.deploy.app import create_app
from vaidya.registry.model import DATA, load_pipeline, read_config

DRAIN_S = 30  # SageMaker kills a container that takes longer after SIGTERM
WAITING_PER_WORKER = 4


def main() -> None:
    """Serve until SIGTERM, then finish what is at work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(arguments.folder, arguments.host, arguments.port)


def serve(folder: Path, host: str, port: int) -> None:
    """Serve a model folder; the process ends with exit code 1 when its models cannot be loaded."""
    data = folder / DATA
    config = read_config(data)
    failed: list[bool] = []

    def give_up() -> None:
        failed.append(True)
        server.should_exit = True

    app = create_app(lambda: load_pipeline(data), config.audio, admission_of(config), give_up)
    # Access logs hold addresses of patients' machines; the application logs codes only.
    server = uvicorn.Server(
        uvicorn.Config(
            app, host=host, port=port, timeout_graceful_shutdown=DRAIN_S, access_log=False, log_level="warning"
        )
    )
    server.run()
    if failed:
        raise SystemExit(1)


def admission_of(config: RunConfig) -> Admission:
    """The queue of a configuration."""
    workers = config.deploy.max_concurrent
    return Admission(workers, workers * WAITING_PER_WORKER)


if __name__ == "__main__":
    main()
