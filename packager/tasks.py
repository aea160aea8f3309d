"""What the clusters run."""

from __future__ import annotations

import logging
from uuid import UUID

from packager.delivery import deliveries
from packager.errors import RequestError
from packager.lifecycle import builds, dispatch, maintenance, requests, standing_orders, titles

log = logging.getLogger(__name__)


def build_next(queue: str) -> None:
    """Build a package: that of the request whose turn it is."""
    builds.build_next(queue)


def deliver(delivery_id: int) -> None:
    """Send one delivery, if it is due."""
    deliveries.deliver(delivery_id)


def send_due_deliveries() -> int:
    """Hand over the deliveries whose time has come."""
    return deliveries.send_due()


def name_waiting() -> int:
    """Ask data portals for the titles of requests that wait."""
    return titles.name_waiting()


def requeue_stale() -> int:
    """Take back the builds of workers that died."""
    return maintenance.requeue_stale()


def expire_packages() -> int:
    """Delete what is past its time."""
    return maintenance.expire_packages()


def build_standing_orders() -> int:
    """Ask again for what is due."""
    return standing_orders.build_due()


def hand_over(queues: list[str]) -> None:
    """Queue many builds: one in each of these queues."""
    for queue in queues:
        dispatch.hand_over(queue)


def rebuild(request_ids: list[str]) -> None:
    """Ask again for what these requests asked, past the cache."""
    for request_id in request_ids:
        try:
            requests.rebuild(UUID(request_id))
        except RequestError as error:
            log.warning("request %s cannot be built anew: %s", request_id, error.message)
