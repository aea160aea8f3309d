"""What a way of telling people looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

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
            DeliveryPostponed: it is not its turn.
            DeliveryRefused: the receiver will never take it.
        """


@runtime_checkable
class SendsTogether(Protocol):
    """A notifier that can tell one receiver many things in one message."""

    def send_together(self, deliveries: Sequence[Delivery]) -> None:
        """Send them now, all of them to the same address. Raises as ``send`` does."""
