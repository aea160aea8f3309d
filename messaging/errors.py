"""What goes wrong between the portal and a broker."""

from __future__ import annotations

from packager.errors import PackagerError


class MessagingError(PackagerError):
    """The broker could not be used."""

    code = "messaging"
    sentence = "The message broker cannot be used."


class BrokerAway(MessagingError):
    """No connection to RabbitMQ, or it was lost."""

    code = "broker_away"
    retryable = True
    sentence = "RabbitMQ cannot be reached."


class BrokerRefuses(MessagingError):
    """RabbitMQ does not let us have an exchange or queue as it must be; the sentence names it and its setting."""

    code = "broker_refuses"
    retryable = True
    sentence = "{reason}."
