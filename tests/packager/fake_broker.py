"""A broker that loses its connection where a test wants it to."""

from __future__ import annotations

from typing import Any


class Gone(Exception):
    """The broker, or the process that speaks to it, is gone."""


class Broker:
    """Takes messages.

    ``goes_after``: how many more it takes before it is gone, None for all. What is half taken has arrived, but its
    sender never hears of it.
    """

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.goes_after: float | None = None

    def send(self, message: Any) -> None:
        """Take a message. Raises Gone."""
        if self.goes_after == 0:
            raise Gone
        self.taken.append(message)
        if self.goes_after is not None:
            self.goes_after -= 0.5
            if self.goes_after == 0:
                raise Gone
            self.goes_after -= 0.5
