"""The exchanges and queues of the portal, declared at each connect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from pika import exceptions

from messaging.connection import Channel, our_errors
from messaging.errors import BrokerRefuses


@dataclass(frozen=True, slots=True)
class Host:
    """An exchange and what is bound to it.

    ``setting`` is the setting that holds its name; ``queues`` are names with their settings, ``bindings`` pairs of
    routing key and queue.
    """

    exchange: str
    setting: str
    queues: tuple[tuple[str, str], ...] = ()
    bindings: tuple[tuple[str, str], ...] = ()


def hosts() -> dict[str, Host]:
    """What there is, by the names under which the tool knows them."""
    asked, answered = settings.MESSAGING_INPUT_QUEUE, settings.MESSAGING_OUTPUT_QUEUE
    found = {
        "packager": Host(
            settings.MESSAGING_EXCHANGE,
            "MESSAGING_EXCHANGE",
            ((asked, "MESSAGING_INPUT_QUEUE"), (answered, "MESSAGING_OUTPUT_QUEUE")),
            ((settings.MESSAGING_INPUT_KEY, asked), (settings.MESSAGING_OUTPUT_KEY, answered)),
        ),
        "events": Host(settings.MESSAGING_SITE_ID, "MESSAGING_SITE_ID"),
    }
    if ckan := settings.MESSAGING_CKAN_SITE_ID:
        found[ckan] = Host(ckan, "MESSAGING_CKAN_SITE_ID")
    return found


def declare(channel: Channel, host: Host) -> None:
    """Make exchange and queues, if they are not there. Raises BrokerRefuses, BrokerAway."""
    exchange(channel, host.exchange, host.setting)
    for name, setting in host.queues:
        queue(channel, name, setting)
    for key, name in host.bindings:
        channel.queue_bind(name, host.exchange, key)


def declare_gateway(channel: Channel) -> None:
    """Everything that the gateway needs. Raises BrokerRefuses, BrokerAway."""
    for name in ("packager", "events"):
        declare(channel, hosts()[name])
    # keys with a head of their own, such as museum.request
    channel.queue_bind(settings.MESSAGING_INPUT_QUEUE, settings.MESSAGING_EXCHANGE, f"#.{settings.MESSAGING_INPUT_KEY}")
    dead_letters(channel, settings.MESSAGING_DEAD)


def dead_letters(channel: Channel, name: str, setting: str = "MESSAGING_DEAD") -> None:
    """A durable fanout exchange and a queue of the same name bound to it."""
    exchange(channel, name, setting, "fanout")
    queue(channel, name, setting)
    channel.queue_bind(name, name)


def exchange(channel: Channel, name: str, setting: str, kind: str = "topic") -> None:
    """A durable exchange. Raises BrokerRefuses."""
    with refusals("exchange", name, setting):
        channel.exchange_declare(name, kind, durable=True)


def queue(channel: Channel, name: str, setting: str) -> None:
    """A durable queue, without arguments: with any, queues that other tools have made would be refused."""
    with refusals("queue", name, setting):
        channel.queue_declare(name, durable=True)


@contextmanager
def refusals(what: str, name: str, setting: str = "") -> Iterator[None]:
    """Says why an exchange or queue cannot be used. Raises BrokerRefuses, BrokerAway."""
    whys = {
        403: "the user may not use it",
        404: "it is not there",
        405: "another connection owns it",
        406: "it exists with other properties",
    }
    named = f"The {what} {name!r}{f' of {setting}' if setting else ''}"
    with our_errors():
        try:
            yield
        except exceptions.ChannelClosedByBroker as error:
            why = whys.get(error.reply_code, f"RabbitMQ says {error.reply_code}")
            raise BrokerRefuses(reason=f"{named} cannot be used: {why}") from None
