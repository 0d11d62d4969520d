"""The server: `/ping` and `/invocations` as SageMaker's container contract asks, the same on any machine.

Models are loaded beside the server, so `/ping` answers from the first second: 503 until they are there. A consultation
that fails takes nobody else's with it. Nothing that a patient said is written to a log or an error.
"""

import asyncio
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from vaidya.config import AudioConfig
from vaidya.deploy.admission import Admission, Place
from vaidya.deploy.http import read_intake
from vaidya.deploy.service import Loader, Service
from vaidya.errors import (
    AudioTooLargeError,
    ContentTypeError,
    InputError,
    NotLoadedError,
    QueueFullError,
    VaidyaError,
)
from vaidya.schema import Intake, StageEvent, TriageRecord

LOG = logging.getLogger("vaidya.deploy")
NDJSON, FHIR = "application/x-ndjson", "application/fhir+json"
Endpoint = Callable[[Request], Awaitable[Response]]
# The most particular class first.
STATUS: tuple[tuple[type[VaidyaError], int], ...] = (
    (AudioTooLargeError, 413),
    (ContentTypeError, 415),
    (InputError, 400),
    (QueueFullError, 429),
    (NotLoadedError, 503),
)
# What the router refuses before an endpoint is asked.
ROUTER_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def create_app(
    load: Loader, limits: AudioConfig, admission: Admission, on_failure: Callable[[], None] = lambda: None
) -> FastAPI:
    """The application; `app.state.service` is what it serves. on_failure: called when models cannot be loaded."""
    service = Service(load, admission, on_failure)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(_unheard)
        service.start()
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(title="vaidya", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.service = service
    app.add_exception_handler(HTTPException, _not_ours)
    app.add_api_route("/ping", _coded("/ping", _ping(service)), methods=["GET"], response_model=None)
    invocations = _coded("/invocations", _invocations(service, limits))
    app.add_api_route("/invocations", invocations, methods=["POST"], response_model=None)
    return app


def _coded(path: str, answer: Endpoint) -> Endpoint:
    """The endpoint, whose every error is an answer.

    An error that leaves an endpoint is raised again by starlette after its handler, and written down by the server with
    its text, which may quote a patient.
    """

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except Exception as error:
            return _refusal(path, error)

    return endpoint


def _ping(service: Service) -> Endpoint:
    async def ping(_request: Request) -> Response:
        service.ready()
        return JSONResponse({"status": "ready", "inside": service.admission.inside})

    return ping


def _invocations(service: Service, limits: AudioConfig) -> Endpoint:
    async def invocations(request: Request) -> Response:
        intake, place = await _admitted(service, limits, request)
        accept = request.headers.get("accept", "")
        if NDJSON in accept:
            return await _streamed(service.stream(intake, place))
        record = await service.run(intake, place)
        return await asyncio.to_thread(_rendered, record, accept)

    return invocations


async def _admitted(service: Service, limits: AudioConfig, request: Request) -> tuple[Intake, Place]:
    """A place first, then the body: what is refused because the house is full was never in memory."""
    service.ready()
    place = service.admission.enter()
    try:
        return await read_intake(request, limits), place
    except BaseException:
        place.leave()
        raise


def _rendered(record: TriageRecord, accept: str) -> Response:
    if FHIR in accept:
        from vaidya.record.fhir import to_bundle

        return Response(json.dumps(to_bundle(record), ensure_ascii=False), media_type=FHIR)
    return Response(record.model_dump_json(), media_type="application/json")


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


def _refusal(path: str, error: Exception) -> JSONResponse:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, QueueFullError) else None
    if isinstance(error, VaidyaError):
        LOG.info("%s: %d %s", path, status, error.code)
    else:
        # Its text may quote its input; only its type and place are safe to write down.
        LOG.error("%s: 500 unexpected %s at %s", path, type(error).__name__, _place(error))
    return JSONResponse(_body(error), status, headers)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"


async def _not_ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = ROUTER_CODES.get(error.status_code, "HTTP")
    body = {"code": code, "message": "there are GET /ping and POST /invocations"}
    return JSONResponse(body, error.status_code, error.headers)


def _unheard(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio would otherwise write down with its text."""
    error = context.get("exception")
    LOG.error("unexpected %s beside a request", type(error).__name__ if error else "event")
