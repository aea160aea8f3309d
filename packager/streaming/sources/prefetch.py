"""Fetching ahead: the next pages come while the current one is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """The results of ``jobs``, in their order, made by ``workers`` daemon threads at most ``workers`` results ahead.

    ``jobs`` is asked for the next job by one thread at a time, and only when there is room. With one worker it is asked
    after the job before has ended, so that a job may depend on what came before it. An error ends the whole:
    it is raised unchanged in the iterator, after the results that precede it.
    """

    def __init__(self, jobs: Iterator[Callable[[], T]], workers: int) -> None:
        self._jobs = jobs
        self._workers = workers
        self._changed = threading.Condition()
        self._results: dict[int, tuple[T | None, BaseException | None]] = {}
        self._asked = 0
        self._taken = 0
        self._last: int | None = None
        self._closed = False
        self._threads = [threading.Thread(target=self._work, daemon=True, name="fetch") for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closed or self._taken in self._results or self._taken == self._last
                )
                if self._closed or self._taken not in self._results:
                    return
                value, error = self._results.pop(self._taken)
                self._taken += 1
                self._changed.notify_all()
            if error is not None:
                raise error
            if value is not None:
                yield value
            del value

    def close(self) -> None:
        """No further job is begun, and who waits here is let go. Jobs under way must be cut by who owns them."""
        with self._changed:
            self._closed = True
            self._results.clear()
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Wait for the threads, at most ``seconds`` each."""
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(seconds)

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            number, job = turn
            value, error = _outcome(job)
            with self._changed:
                if not self._closed:
                    self._results[number] = (value, error)
                if error is not None:
                    self._end(number + 1)
                self._changed.notify_all()
            del value, error

    def _next(self) -> tuple[int, Callable[[], T]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._over() or self._asked < self._taken + self._workers)
            if self._over():
                return None
            job, error = _outcome(lambda: next(self._jobs, None))
            if error is not None:
                self._results[self._asked] = (None, error)
            if job is None:
                self._end(self._asked + (error is not None))
                return None
            self._asked += 1
            return self._asked - 1, job

    def _over(self) -> bool:
        return self._closed or self._last is not None

    def _end(self, number: int) -> None:
        self._last = number if self._last is None else min(self._last, number)
        self._changed.notify_all()


def _outcome(work: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    try:
        return work(), None
    except BaseException as error:
        return None, error
