"""What an output format looks like to the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from packager.streaming.notes import Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Member, Shape

#: Options of a format, as they came with the request and passed ``check``: ``{"delimiter": ";", "bom": True}``.
Options = Mapping[str, Any]


class Format(Protocol):
    """Turns the rows of a table into the members of an archive."""

    @property
    def name(self) -> str:
        """What requests call it: ``csv``."""

    @property
    def label(self) -> str:
        """What people call it: ``CSV (comma separated)``."""

    def check(self, options: Options) -> Options:
        """The options with their defaults filled in, ready for the methods below.

        Raises:
            RequestError: an option that this format does not know, or a value that it cannot take; names the option.
        """

    def shapes(self, options: Options) -> Sequence[Shape]:
        """How this format would like its pages, best first."""

    def members(self, table: Table, options: Options, notes: Notes) -> Iterator[Member]:
        """The members, in the order in which they stand in the archive.

        Each member's chunks are read to their end before the next member is asked for. The pages of the table are
        read exactly once. What had to be changed (a cut cell) is appended to ``notes``, which the package shows.

        Raises:
            FormatError: the data cannot be written in this format.
        """


@runtime_checkable
class NeedsFields(Protocol):
    """A format that cannot do without certain fields, whatever selection of fields was asked for."""

    @property
    def needed_fields(self) -> Sequence[str]:
        """Their names."""


@runtime_checkable
class Versioned(Protocol):
    """A format that says which edition of its writer this is. One that does not say is taken for the first."""

    @property
    def version(self) -> int:
        """Raised by one with each change after which the same rows and options give other bytes.

        Packages that another edition made are not handed out any more.
        """


@runtime_checkable
class Configured(Protocol):
    """A format whose archives depend on the operator's settings."""

    @property
    def configuration(self) -> str:
        """Those settings in any form, as long as other settings give another text."""


@runtime_checkable
class TakesEml(Protocol):
    """A format whose archives describe themselves to machines, with EML for what the data portal says of the data."""

    def with_eml(self, document: bytes) -> Format:
        """The same format, with this document in the archive, unless the options ask for another."""


@runtime_checkable
class DescribesOptions(Protocol):
    """A format with options, which it describes to programs and people."""

    @property
    def option_schemas(self) -> Mapping[str, Mapping[str, object]]:
        """A JSON Schema for each option that ``check`` takes: ``{"bom": {"type": "boolean"}}``."""
