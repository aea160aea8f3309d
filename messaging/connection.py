"""Connections to RabbitMQ. Exceptions of pika become ours here; the password reaches neither log nor sentence."""

from __future__ import annotations

import logging
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.data
from django.conf import settings
from pika import exceptions
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from messaging.errors import BrokerAway, BrokerRefuses

# it logs tracebacks for what we catch and say in one sentence
logging.getLogger("pika").setLevel(logging.CRITICAL + 1)
Channel = pika.adapters.blocking_connection.BlockingChannel
#: Seconds that a connection may take.
CONNECT_SECONDS = 10
_strictly = pika.data.decode_value


def _leniently(encoded: bytes, offset: int) -> tuple[Any, int]:
    """A value of a message's headers, and where the next one begins, in place of pika's ``decode_value``.

    That one raises for times that Python's calendar does not have (milliseconds where seconds are meant, or what Java
    writes for times before 1970) and for deep nesting, which ends the connection; and the message comes again with the
    next one, for ever. Here such a time is the number that was sent, and what is nested too deeply is None.
    """
    kind = encoded[offset : offset + 1]
    try:
        return _strictly(encoded, offset)
    except (ValueError, OverflowError, OSError):
        if kind != b"T":
            raise
        return struct.unpack_from(">q", encoded, offset + 1)[0], offset + 9
    except RecursionError:
        if kind not in (b"F", b"A"):
            raise
        return None, offset + 5 + struct.unpack_from(">I", encoded, offset + 1)[0]


pika.data.decode_value = _leniently


def parameters(urls: str = "") -> list[pika.URLParameters]:
    """One for each address in ``urls`` (by default MESSAGING_URL), in order."""
    return [_parameters(url.strip()) for url in (urls or settings.MESSAGING_URL).split(",") if url.strip()]


def _parameters(url: str) -> pika.URLParameters:
    found = pika.URLParameters(url)
    found.heartbeat = settings.MESSAGING_HEARTBEAT
    found.blocked_connection_timeout = 2 * settings.MESSAGING_HEARTBEAT
    found.socket_timeout = found.stack_timeout = CONNECT_SECONDS
    if url.startswith("amqps:"):
        found.ssl_options = pika.SSLOptions(_tls(), found.host)
    return found


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.MESSAGING_CA_FILE or None)
    if settings.MESSAGING_CERT_FILE:
        context.load_cert_chain(settings.MESSAGING_CERT_FILE, settings.MESSAGING_KEY_FILE or None)
    return context


@contextmanager
def our_errors() -> Iterator[None]:
    """Raises BrokerAway, or BrokerRefuses, for what pika raises."""
    try:
        yield
    except (exceptions.ProbableAuthenticationError, exceptions.AuthenticationError) as error:
        raise BrokerRefuses(reason="RabbitMQ refuses the user or password of MESSAGING_URL") from error
    except (exceptions.ProbableAccessDeniedError, exceptions.ConnectionClosedByBroker) as error:
        if getattr(error, "reply_code", 0) == 320:  # it is told to stop
            raise BrokerAway("it stops") from None
        raise BrokerRefuses(reason="RabbitMQ refuses the virtual host of MESSAGING_URL") from error
    except ssl.SSLCertVerificationError as error:
        where = "See MESSAGING_CA_FILE, and the host name in MESSAGING_URL"
        raise BrokerRefuses(
            reason=f"The certificate of RabbitMQ is not accepted: {error.verify_message}. {where}"
        ) from None
    except exceptions.IncompatibleProtocolError as error:
        if "_ALERT_" not in str(error):
            raise BrokerAway(type(error).__name__) from None
        raise BrokerRefuses(reason="RabbitMQ wants a certificate, or another one than MESSAGING_CERT_FILE") from None
    # a broker that takes the connection and then says nothing ends in an exception that is no AMQPError
    except (exceptions.AMQPError, AMQPConnectorException, OSError) as error:
        raise BrokerAway(type(error).__name__) from None


def connect(urls: str = "", *, name: str = "packaging-portal") -> pika.BlockingConnection:
    """A connection to the first of the brokers that answers. Raises BrokerAway, BrokerRefuses."""
    every = parameters(urls)
    for each in every:
        each.client_properties = {"connection_name": name}
    with our_errors():
        return pika.BlockingConnection(every)
