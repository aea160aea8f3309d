"""What a worker is told: options before the file before the environment."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from messaging.errors import MessagingError

SECTION = "worker"


class ConfigError(MessagingError):
    """The file cannot be read."""

    code = "worker_config"
    sentence = "{reason}."


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """The broker, the exchange and the queue of a chain; ``values`` is what its workers may look into."""

    urls: str
    site_id: str
    queue: str
    routing_key: str
    values: Mapping[str, str]

    @property
    def dead_letters(self) -> str:
        """Exchange and queue of what could not be consumed."""
        return f"{self.queue}.dead"


def read(names: list[str], given: Mapping[str, str | None], file: str = "", section: str = SECTION) -> WorkerConfig:
    """The configuration of a chain.

    Args:
        names: of its workers.
        given: the options, by the names of the file; ``url`` is the broker's address.
        file: an INI file; none, or one that is not there, is no error.
        section: of the file.

    Raises:
        ConfigError: the file is no INI file.
    """
    environment = {"ckan.site_id": settings.MESSAGING_CKAN_SITE_ID, "ckan.site_url": settings.MESSAGING_CKAN_URL}
    chosen = {name: value for name, value in given.items() if value}
    values = {**environment, **_file(file, section), **chosen}
    site_id = values["ckan.site_id"] or settings.MESSAGING_SITE_ID
    return WorkerConfig(
        urls=chosen.get("url") or _url(values) or settings.MESSAGING_URL,
        site_id=site_id,
        queue=values.get("queue.name") or f"{site_id}.{'+'.join(names)}",
        # the original's "*" misses an empty key, with which its own publisher sends
        routing_key=values.get("queue.routing_key") or "#",
        values={name: value for name, value in values.items() if name not in ("url", "queue.password")},
    )


def _file(file: str, section: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(Path(file).read_text() if file and Path(file).is_file() else "")
    except (configparser.Error, UnicodeDecodeError):
        raise ConfigError(reason=f"The file {file} is no INI file") from None
    return dict(parser[section]) if section in parser else {}


def _url(values: Mapping[str, str]) -> str:
    host = values.get("queue.host") or values.get("queue.hostname")
    if not host:
        return ""
    user, password = values.get("queue.user_id", "guest"), values.get("queue.password", "guest")
    port, vhost = values.get("queue.port", "5672"), values.get("queue.virtual_host", "/")
    return f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{quote(vhost, safe='')}"
