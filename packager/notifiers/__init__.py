"""The ways of telling a requester that a package is there."""

from __future__ import annotations

from packager.errors import DeliveryRefused
from packager.notifiers.base import Notifier
from packager.notifiers.email import EmailNotifier
from packager.notifiers.webhook import WebhookNotifier
from portal import plugins


def get(channel: str) -> Notifier:
    """The notifier for ``channel``. Raises DeliveryRefused if there is none (a plugin was switched off)."""
    offered = [notifier for answer in plugins.ask("notifiers") for notifier in answer]
    known = {notifier.channel: notifier for notifier in [EmailNotifier(), WebhookNotifier(), *offered]}
    try:
        return known[channel]
    except KeyError:
        raise DeliveryRefused(f"no notifier for the channel {channel}") from None
