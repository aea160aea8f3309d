"""What somebody asks for, before it is saved: the one list of the fields that a request carries.

To add a field, write it into ``Submission`` with what ``Carried`` wants to know, give ``PackageRequest`` a column of
that name with its migration, and explain it in ``docs/api.md``. Reading, saving, loading, comparing and answering then
follow from the list; ``tests/packager/test_fields_of_a_request.py`` says what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from packager import VERSION, plugins
from packager.models import Kind, PackageRequest
from packager.security import encryption
from packager.streaming.formats.base import Configured, Versioned
from packager.streaming.types import Query


@dataclass(frozen=True, slots=True)
class Carried:
    """How a field of a request travels.

    Attributes:
        shapes: whether another value makes another package.
        most: the most characters, where it is text.
        column: the column that keeps it, where that has another name.
        keep, restore: from the value to what the column holds, and back.
        api, legacy: what ``/api/v1/`` and the ckanpackager endpoints call it. Empty: they do not take it, or read it
            in a way of their own.
        reader: how it is read, one of ``intake.validation.READERS``.
        help: what the schema of the API says of it.
        secret: the API takes it and never tells it.
    """

    shapes: bool
    most: int = 0
    column: str = ""
    keep: Callable[[Any], Any] = lambda value: value
    restore: Callable[[Any], Any] = lambda value: value
    api: str = ""
    legacy: str = ""
    reader: str = "text"
    help: str = ""
    secret: bool = False


def _carried(default: Any = "", *, repr: bool = True, **rule: Any) -> Any:
    factory = {"default_factory": dict} if default == {} else {"default": default}
    return field(**factory, repr=repr, metadata={"rule": Carried(**rule)})


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that has been read, but not yet accepted.

    ``parameters`` are those of ``Query`` without the resource id, and only those that were given. ``key`` is the
    requester's CKAN key; it is never shown. ``options`` belong to the format. ``owner`` is the id of the API key that
    it came with, if one did; ``data_version`` counts the changes of its data that are known (``lifecycle.changes``).
    """

    kind: str = field(metadata={"rule": Carried(shapes=True)})
    resource_id: str = field(metadata={"rule": Carried(shapes=True, most=255)})
    format: str = field(metadata={"rule": Carried(shapes=True)})
    api_url: str = _carried(shapes=True, most=2000)
    resource_url: str = _carried(shapes=True, most=2000)
    parameters: Mapping[str, Any] = _carried({}, shapes=True, keep=dict)
    options: Mapping[str, Any] = _carried({}, shapes=True, keep=dict)
    email: str = _carried(
        shapes=False,
        most=254,
        api="email",
        legacy="email",
        reader="email",
        help="Who gets an email when it is done. Nobody by default.",
    )
    language: str = _carried(
        shapes=False, most=10, api="mail_language", reader="language", help="The language of that email."
    )
    doi: str = _carried(
        shapes=True, most=255, api="doi", legacy="doi", help="A DOI to cite in the email and the package."
    )
    key: str = _carried(
        repr=False,
        shapes=True,
        most=2000,
        column="encrypted_key",
        keep=encryption.encrypt,
        restore=lambda encrypted: encryption.decrypt(encrypted) or "",
        api="key",
        legacy="key",
        help="A CKAN API key or token for private data. Kept encrypted until the package is built, then deleted.",
        secret=True,
    )
    webhook_url: str = _carried(
        shapes=False,
        most=2000,
        api="webhook_url",
        reader="address",
        help="Where to POST a signed message when it is done.",
    )
    requester: str = _carried(
        shapes=False,  # but with a key, see ``reader_mark``
        most=255,
        api="requester",
        help="Your name for the person who asks, best a keyed hash. Packages made with a `key` are theirs only.",
    )
    owner: int | None = _carried(None, shapes=False, column="api_key_id")
    data_version: int = _carried(0, shapes=True)

    @property
    def source_url(self) -> str:
        """Where the data come from."""
        return self.resource_url if self.kind == Kind.URL else self.api_url

    @property
    def ckan_host(self) -> str:
        """``host`` or ``host:port`` of the data portal."""
        return urlsplit(self.source_url).netloc.lower()

    @property
    def query(self) -> Query:
        """What CKAN is asked for. JSON has lists where Query has tuples."""
        given = self.parameters
        return Query(self.resource_id, **{**given, "fields": tuple(given.get("fields", ()))})

    @property
    def format_options(self) -> dict[str, Any]:
        """The options that belong to the format: all but ``metadata``, which every package has."""
        return {name: value for name, value in self.options.items() if name != "metadata"}

    @property
    def metadata(self) -> bool:
        """Whether README, data dictionary and the like come with the data."""
        return bool(self.options.get("metadata", settings.PACKAGER_METADATA))

    @property
    def reader_mark(self) -> str:
        """Who may share a package that was made with a key; empty for one made without.

        That is whoever has the same key; or, where the owner of an API key names its requesters, the same requester of
        that owner, since each of their requests may come with a key of its own.
        """
        named = json.dumps(["requester", self.owner, self.requester]) if self.requester else self.key
        return encryption.mark(named) if self.key else ""

    @property
    def columns(self) -> dict[str, Any]:
        """What the table keeps of it: a column for each field, and what follows from them."""
        own = {rule.column or name: rule.keep(getattr(self, name)) for name, rule in FIELDS.items()}
        return {**own, "ckan_host": self.ckan_host, "key_used": bool(self.key), "fingerprint": self.fingerprint}

    @property
    def fingerprint(self) -> str:
        """The same for all requests that the same package answers: of everything that shapes it.

        That is every field that says so (the key as a keyed hash), what the settings make of it, and what writes it:
        after a change of any of these no package from before is handed out.

        Raises:
            RequestError: there is no such format.
        """
        shape = {name: getattr(self, name) for name, rule in FIELDS.items() if rule.shapes}
        writer = plugins.formats().get(self.format) if self.format else None
        shape |= {
            "parameters": asdict(self.query),
            "options": self.format_options,
            "key": self.reader_mark,
            "metadata": self.metadata,
            "portal": VERSION,
            "plugins": plugins.shaping(),
            "writer": writer.version if isinstance(writer, Versioned) else 1,
            "configuration": writer.configuration if isinstance(writer, Configured) else "",
        }
        return hashlib.sha256(json.dumps(shape, sort_keys=True, default=str).encode()).hexdigest()


#: How each field of a request travels, by its name.
FIELDS: Mapping[str, Carried] = {found.name: found.metadata["rule"] for found in fields(Submission)}


def from_request(request: PackageRequest) -> Submission:
    """The submission out of which ``request`` was made."""
    return Submission(**{name: rule.restore(getattr(request, rule.column or name)) for name, rule in FIELDS.items()})
