"""How many consultations may be in the house at once: some at work, some waiting, the rest told when to come back."""

import math
import threading

from vaidya.errors import QueueFullError

FIRST_GUESS_S = 10.0  # until one consultation has been timed
WEIGHT = 0.2  # of the newest duration in the running mean


class Admission:
    """A bounded queue's front door; safe to use from several threads.

    A place is taken before a request's body is read, so the queue bounds what bodies hold in memory too.

    workers: consultations at work at once. waiting: how many more may wait.
    """

    def __init__(self, workers: int, waiting: int) -> None:
        self.workers = workers
        self.capacity = workers + waiting
        self._lock = threading.Lock()
        self._inside = 0
        self._mean_s = FIRST_GUESS_S

    @property
    def inside(self) -> int:
        """Consultations that are being read, wait, or are at work."""
        return self._inside

    def enter(self) -> "Place":
        """Take a place.

        Raises:
            QueueFullError: every place is taken; `retry_after_s` says when one should be free.
        """
        with self._lock:
            if self._inside >= self.capacity:
                raise QueueFullError(
                    f"{self._inside} consultations are in the queue, the limit is {self.capacity}; "
                    f"try again in {self.retry_after_s} s",
                    self.retry_after_s,
                )
            self._inside += 1
        return Place(self)

    def _leave(self, worked_s: float | None) -> None:
        with self._lock:
            self._inside -= 1
            if worked_s is not None:
                self._mean_s += WEIGHT * (worked_s - self._mean_s)

    @property
    def retry_after_s(self) -> int:
        """Whole seconds until a worker should have finished one, at least 1."""
        return max(1, math.ceil(self._mean_s / self.workers))


class Place:
    """One place in the queue; it is given back once, whoever gives it back first."""

    def __init__(self, admission: Admission) -> None:
        self._admission: Admission | None = admission
        self._lock = threading.Lock()

    def leave(self, worked_s: float | None = None) -> None:
        """Give the place back. worked_s: seconds of work, None where no consultation was done."""
        with self._lock:
            admission, self._admission = self._admission, None
        if admission is not None:
            admission._leave(worked_s)
