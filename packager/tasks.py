"""What the clusters run. These names stand in schedules and in the queue: they stay, wherever the work moves."""

from __future__ import annotations

import logging
from uuid import UUID

from packager.delivery import deliveries
from packager.errors import RequestError
from packager.lifecycle import builds, dispatch, maintenance, neighbours, requests, standing_orders, titles

log = logging.getLogger(__name__)

deliver = deliveries.deliver
send_due_deliveries = deliveries.send_due
name_waiting = titles.name_waiting
requeue_stale = maintenance.requeue_stale
expire_packages = maintenance.expire_packages
build_standing_orders = standing_orders.build_due


def build_next(queue: str) -> None:
    """Do one more of what waits in this queue: a build, or what else its cluster is there for."""
    neighbours.do_next(queue, builds.build_next)


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
