"""What a way of telling people looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from packager.models import Delivery


class Notifier(Protocol):
    """Sends one kind of message."""

    @property
    def channel(self) -> str:
        """What deliveries call it: ``email``."""

    def send(self, delivery: Delivery) -> None:
        """Send it now.

        Raises:
            DeliveryDeferred: the receiver cannot take it now.
            DeliveryRefused: the receiver will never take it.
        """
