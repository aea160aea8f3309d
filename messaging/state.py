"""How it stands between the portal and the broker, for status, dashboard and metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Sum
from django.utils import timezone

from messaging.models import Gateway
from messaging.responses import CHANNEL
from packager.models import Delivery
from packager.sentences import count_of

#: A gateway that was not seen for this long is gone.
LOST_AFTER = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class State:
    """``gateways`` that are alive; whether one of them is ``connected``, and ``since`` when it is, or is not;
    ``blocked`` since when RabbitMQ takes no messages though it is connected, None if it does.

    ``waiting`` messages in the outbox, the oldest for ``oldest`` seconds (None if none waits); ``received``, ``sent``
    and ``dead`` (letters) since the gateways were started.
    """

    gateways: int
    connected: bool
    since: datetime | None
    blocked: datetime | None
    waiting: int
    oldest: float | None
    received: int
    sent: int
    dead: int

    @property
    def sentence(self) -> str:
        """For people."""
        if not self.gateways:
            return "No AMQP gateway is running."
        word = "connected" if self.connected else "not connected"
        since = f"{self.since:%Y-%m-%d %H:%M:%S}" if self.since else "the start"
        gateways = count_of(self.gateways, "gateway")
        waiting = f"{count_of(self.waiting, 'message')} waiting"
        blocked = f" RabbitMQ has taken no messages since {self.blocked:%H:%M:%S} UTC." if self.blocked else ""
        return f"AMQP: {gateways}, {word} since {since} UTC, {waiting}.{blocked}"


def state() -> State | None:
    """How it stands now; None where messages are off."""
    if not settings.MESSAGING_URL:
        return None
    alive = Gateway.objects.filter(seen_at__gt=timezone.now() - LOST_AFTER).order_by()
    sums = alive.aggregate(gateways=Count("pk"), received=Sum("received"), sent=Sum("sent"), dead=Sum("dead"))
    linked = alive.filter(connected=True).aggregate(since=Min("since"), count=Count("pk"), blocked=Min("blocked_since"))
    left = Delivery.objects.outbox(CHANNEL).order_by().aggregate(waiting=Count("pk"), first=Min("created_at"))
    return State(
        **{name: count or 0 for name, count in sums.items()},
        connected=bool(linked["count"]),
        blocked=linked["blocked"],
        since=linked["since"] or alive.aggregate(since=Max("since"))["since"],
        waiting=left["waiting"],
        oldest=(timezone.now() - left["first"]).total_seconds() if left["first"] else None,
    )


def report() -> dict[str, Any] | None:
    """The same for ``manage.py status``: facts, and a ``sentence``."""
    now = state()
    if now is None:
        return None
    times = {"since": now.since and now.since.isoformat(), "blocked": now.blocked and now.blocked.isoformat()}
    return {**asdict(now), **times, "sentence": now.sentence}
