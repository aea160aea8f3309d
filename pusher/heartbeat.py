"""Tells the database that a job is alive and how far it is, and stops the job when it is no longer this worker's."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from packager.lifecycle.signs_of_life import SignsOfLife
from pusher import lifecycle
from pusher.errors import PushFenced
from pusher.lifecycle import Claim


@dataclass
class Progress:
    """How far a job is. ``step`` says at what."""

    step: str = ""
    bytes_done: int = 0
    bytes_total: int | None = None
    rows_done: int = 0
    rows_total: int | None = None
    writing_since: datetime | None = None


class Heartbeat(SignsOfLife):
    """Reports a job. See ``SignsOfLife``."""

    fenced = PushFenced

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"push {claim.pk}")
        self.progress = Progress()
        self._claim = claim

    def report(self) -> bool:
        """See ``SignsOfLife.report``."""
        return lifecycle.report(self._claim, **asdict(self.progress))
