"""The server: `/ping` and `/invocations` as SageMaker's container contract asks, the same on any machine.

Models are loaded beside the server, so `/ping` answers from the first second: 503 until they are there. A consultation
that fails takes nobody else's with it. Nothing that a patient said is written to a log or an error.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from vaidya.config import AudioConfig
from vaidya.deploy.admission import Admission
from vaidya.deploy.http import read_intake
from vaidya.errors import (
    AudioTooLargeError,
    ContentTypeError,
    InputError,
    NotLoadedError,
    QueueFullError,
    VaidyaError,
)
from vaidya.pipeline import Pipeline
from vaidya.schema import Intake, StageEvent, TriageRecord

LOG = logging.getLogger("vaidya.deploy")
NDJSON, FHIR = "application/x-ndjson", "application/fhir+json"
Loader = Callable[[], Pipeline]
# The most particular class first.
STATUS: tuple[tuple[type[VaidyaError], int], ...] = (
    (AudioTooLargeError, 413),
    (ContentTypeError, 415),
    (InputError, 400),
    (QueueFullError, 429),
    (NotLoadedError, 503),
)


class Service:
    """The pipeline once it is loaded, and the queue before it."""

    def __init__(self, load: Loader, admission: Admission, on_failure: Callable[[], None]) -> None:
        self.admission = admission
        self.pipeline: Pipeline | None = None
        self.pool = ThreadPoolExecutor(admission.workers, thread_name_prefix="vaidya-serve")
        self._load = load
        self._on_failure = on_failure

    def start(self) -> None:
        """Load the models in a thread of their own; when they cannot be loaded, say why and give up."""
        threading.Thread(target=self._load_models, daemon=True, name="vaidya-load").start()

    def _load_models(self) -> None:
        began = time.perf_counter()
        try:
            self.pipeline = self._load()
        except Exception as error:
            code = getattr(error, "code", type(error).__name__)
            LOG.critical("the models cannot be loaded: %s: %s", code, error if isinstance(error, VaidyaError) else "")
            self._on_failure()
            return
        LOG.info("models loaded in %.1f s", time.perf_counter() - began)

    def ready(self) -> Pipeline:
        """The pipeline; raises NotLoadedError while models are loading."""
        if self.pipeline is None:
            raise NotLoadedError("models are being loaded; ask /ping until it answers 200")
        return self.pipeline

    async def run(self, intake: Intake) -> TriageRecord:
        """One consultation, in its turn."""
        return await self._in_turn(lambda: self.ready().run(intake))

    async def _in_turn(self, work: Callable[[], Any]) -> Any:
        """The place is given back when the work ends, also when nobody waits for it any more."""
        self.admission.enter()
        try:
            future = self.pool.submit(self._timed, work)
        except BaseException:
            self.admission.leave(0.0)
            raise
        return await asyncio.wrap_future(future)

    def _timed(self, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        try:
            return work()
        finally:
            self.admission.leave(time.perf_counter() - began)

    async def stream(self, intake: Intake) -> AsyncIterator[StageEvent]:
        """The steps of one consultation as they happen; the last carries the record."""
        loop, events = asyncio.get_running_loop(), asyncio.Queue[StageEvent]()
        pipeline = self.ready()

        def on_event(event: StageEvent) -> None:
            loop.call_soon_threadsafe(events.put_nowait, event)

        work = asyncio.ensure_future(self._in_turn(lambda: pipeline.run(intake, on_event)))
        while not (work.done() and events.empty()):
            waiting = asyncio.ensure_future(events.get())
            await asyncio.wait({waiting, work}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                yield waiting.result()
            else:
                waiting.cancel()
                await asyncio.sleep(0)  # events that were sent before the work ended arrive first
        await work

    def close(self) -> None:
        """Wait for consultations at work, then give the models' memory back."""
        self.pool.shutdown(wait=True)
        if self.pipeline is not None:
            self.pipeline.close()


def create_app(
    load: Loader, limits: AudioConfig, admission: Admission, on_failure: Callable[[], None] = lambda: None
) -> FastAPI:
    """The application. on_failure: called when the models cannot be loaded."""
    service = Service(load, admission, on_failure)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(title="vaidya", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(VaidyaError, _known_error)
    app.add_exception_handler(Exception, _unknown_error)
    app.add_api_route("/ping", _ping(service), methods=["GET"])
    app.add_api_route("/invocations", _invocations(service, limits), methods=["POST"], response_model=None)
    return app


def _ping(service: Service) -> Callable[[], Any]:
    async def ping() -> JSONResponse:
        service.ready()
        return JSONResponse({"status": "ready", "inside": service.admission.inside})

    return ping


def _invocations(service: Service, limits: AudioConfig) -> Callable[[Request], Any]:
    async def invocations(request: Request) -> Response:
        service.ready()
        intake = await read_intake(request, limits)
        accept = request.headers.get("accept", "")
        if NDJSON in accept:
            return await _streamed(service.stream(intake))
        record = await service.run(intake)
        if FHIR in accept:
            from vaidya.record.fhir import to_bundle

            return Response(json.dumps(to_bundle(record), ensure_ascii=False), media_type=FHIR)
        return Response(record.model_dump_json(), media_type="application/json")

    return invocations


async def _streamed(events: AsyncIterator[StageEvent]) -> Response:
    """A stream whose first event is already here, so that what is refused at once is refused with its status."""
    first = await anext(events)

    async def lines() -> AsyncIterator[str]:
        yield first.model_dump_json() + "\n"
        try:
            async for event in events:
                yield event.model_dump_json() + "\n"
        except Exception as error:
            # The status is sent long ago: the last line says that this is not the whole.
            yield json.dumps({"error": _body(error)}) + "\n"

    return StreamingResponse(lines(), media_type=NDJSON)


def _body(error: Exception) -> dict[str, str]:
    if isinstance(error, VaidyaError):
        return {"code": error.code, "message": str(error)}
    return {"code": "INTERNAL", "message": f"unexpected {type(error).__name__}"}


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, QueueFullError):
        headers["Retry-After"] = str(error.retry_after_s)
    LOG.info("%s %s: %d %s", request.method, request.url.path, status, getattr(error, "code", "INTERNAL"))
    return JSONResponse(_body(error), status, headers)


async def _unknown_error(request: Request, error: Exception) -> JSONResponse:
    # The text of an unexpected error may quote its input; only its type is safe to write down.
    LOG.error("%s %s: 500 unexpected %s", request.method, request.url.path, type(error).__name__)
    return JSONResponse(_body(error), 500)
