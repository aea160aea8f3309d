"""What a build does while its database is away: it waits, for as long as its silence is not taken for its death."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")
log = logging.getLogger(__name__)
#: What Django raises when a database cannot be reached, is locked, or goes away in the middle.
AWAY = (OperationalError, InterfaceError)
#: Seconds between two tries.
PAUSE = 1.0


def patiently(work: Callable[[], T]) -> T:
    """What ``work`` returns, tried again while the database is away, for PACKAGER_STALE_AFTER seconds.

    ``work`` may have been done although it raised: the answer to a COMMIT can get lost.
    """
    end = time.monotonic() + settings.PACKAGER_STALE_AFTER
    while True:
        try:
            return work()
        except AWAY as error:
            if time.monotonic() > end:
                raise
            log.warning("the database is away (%s); waiting for it", type(error).__name__)
            connection.close()
            time.sleep(PAUSE)
