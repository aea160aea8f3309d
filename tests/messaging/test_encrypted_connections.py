"""``amqps``: the broker is who its certificate says, and knows us by ours."""

from __future__ import annotations

import pytest

from messaging import connection
from messaging.errors import BrokerRefuses, MessagingError
from tests.messaging.certificates import Authority
from tests.messaging.node import Node

pytestmark = [pytest.mark.rabbitmq, pytest.mark.slow]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """Whom both sides trust."""
    directory = tmp_path_factory.mktemp("certificates")
    directory.chmod(0o755)
    return Authority(directory)


@pytest.fixture(scope="module")
def node(authority, tmp_path_factory):
    """A RabbitMQ with a certificate for localhost, which wants to see one."""
    with Node(tmp_path_factory.mktemp("rabbitmq"), (authority.file, *authority.certificate("localhost"))) as node:
        yield node


@pytest.fixture
def connect(node, authority, settings):
    """Connects to the node, as an operator would who did everything right."""
    settings.MESSAGING_CA_FILE = str(authority.file)
    settings.MESSAGING_CERT_FILE, settings.MESSAGING_KEY_FILE = map(str, authority.certificate("portal"))
    settings.MESSAGING_HEARTBEAT = 5

    def connect(host="localhost"):
        with connection.connect(f"amqps://guest:guest@{host}:{node.tls_port}/%2F") as link:
            return link.is_open

    return connect


def test_with_the_authority_and_a_certificate_of_ours_it_connects(connect):
    assert connect()


@pytest.mark.parametrize("trusted", ["stranger", ""])
def test_a_broker_whose_authority_is_not_trusted_is_refused(connect, settings, tmp_path, trusted):
    settings.MESSAGING_CA_FILE = str(Authority(tmp_path, trusted).file) if trusted else ""
    with pytest.raises(BrokerRefuses, match=r"self-signed certificate in certificate chain.*MESSAGING_CA_FILE"):
        connect()


def test_a_broker_whose_certificate_is_for_another_host_is_refused(connect):
    with pytest.raises(BrokerRefuses, match=r"not valid for '127\.0\.0\.1'.*host name in MESSAGING_URL"):
        connect("127.0.0.1")


def test_the_broker_wants_a_certificate_that_it_trusts(connect, settings, tmp_path):
    settings.MESSAGING_CERT_FILE, settings.MESSAGING_KEY_FILE = map(str, Authority(tmp_path).certificate("mallory"))
    assert "MESSAGING_CERT_FILE" in refusal(connect).message
    settings.MESSAGING_CERT_FILE = ""
    assert "MESSAGING_CERT_FILE" in refusal(connect).message


def refusal(connect) -> MessagingError:
    """What is said of a refusal. The end of the connection may overtake the broker's alert that says why: ask again."""
    for _ in range(20):
        with pytest.raises(MessagingError) as refused:
            connect()
        if isinstance(refused.value, BrokerRefuses):
            break
    return refused.value
