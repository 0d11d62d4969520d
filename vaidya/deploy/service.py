"""The pipeline behind the server: loaded beside it, asked in turn, stopped in time."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from vaidya.deploy.admission import Admission, Place
from vaidya.errors import NotLoadedError, VaidyaError
from vaidya.pipeline import Pipeline
from vaidya.schema import Intake, StageEvent, TriageRecord

LOG = logging.getLogger("vaidya.deploy")
Loader = Callable[[], Pipeline]


class Service:
    """The pipeline once it is loaded, and the queue before it."""

    def __init__(self, load: Loader, admission: Admission, on_failure: Callable[[], None]) -> None:
        self.admission = admission
        self.pipeline: Pipeline | None = None
        self.pool = ThreadPoolExecutor(admission.workers, thread_name_prefix="vaidya-serve")
        self._load = load
        self._on_failure = on_failure
        self._stopping = False

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
        """The pipeline; raises NotLoadedError while models are loading, and when the server stops."""
        if self._stopping:
            raise NotLoadedError("the server is stopping; ask again, another one answers")
        if self.pipeline is None:
            raise NotLoadedError("models are being loaded; ask /ping until it answers 200")
        return self.pipeline

    async def run(self, intake: Intake, place: Place) -> TriageRecord:
        """One consultation, in its turn."""
        return await self._result(self._submit(lambda pipeline: pipeline.run(intake), place))

    def _submit(self, work: Callable[[Pipeline], Any], place: Place) -> "Future[Any]":
        """The place is given back when the work ends or is dropped, also when nobody waits for it any more."""
        try:
            future = self.pool.submit(_timed, work, self.ready(), place)
        except BaseException:
            place.leave()
            raise
        future.add_done_callback(lambda _done: place.leave())
        return future

    async def _result(self, future: "Future[Any]") -> Any:
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if self._stopping:  # its turn did not come, or it was not done in time
                raise NotLoadedError("the server stopped before this consultation was done; ask again") from None
            raise

    async def stream(self, intake: Intake, place: Place) -> AsyncIterator[StageEvent]:
        """The steps of one consultation as they happen; the last carries the record."""
        loop, events = asyncio.get_running_loop(), asyncio.Queue[StageEvent]()

        def on_event(event: StageEvent) -> None:
            loop.call_soon_threadsafe(events.put_nowait, event)

        future = self._submit(lambda pipeline: pipeline.run(intake, on_event), place)
        work = asyncio.ensure_future(self._result(future))
        work.add_done_callback(_heard)
        while not (work.done() and events.empty()):
            waiting = asyncio.ensure_future(events.get())
            try:
                await asyncio.wait({waiting, work}, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    yield waiting.result()
                else:
                    await asyncio.sleep(0)  # events that were sent before the work ended arrive first
            finally:
                waiting.cancel()
        await work

    def drop_waiting(self) -> None:
        """Take no more consultations, and tell those whose turn has not come to ask elsewhere."""
        self._stopping = True
        self.pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Drop what waits; give the models' memory back unless a consultation still works with them."""
        self.drop_waiting()
        if self.pipeline is not None and self.admission.inside == 0:
            self.pipeline.close()


def _timed(work: Callable[[Pipeline], Any], pipeline: Pipeline, place: Place) -> Any:
    began = time.perf_counter()
    try:
        return work(pipeline)
    finally:
        place.leave(time.perf_counter() - began)


def _heard(work: "asyncio.Future[Any]") -> None:
    """An error that nobody waits for any more would be written down by asyncio, with its text."""
    if not work.cancelled():
        work.exception()
