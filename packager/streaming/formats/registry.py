"""Which formats there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packager.errors import RequestError
from packager.streaming.formats.base import Format
from packager.streaming.notes import Note


class Formats:
    """Formats by name. The order of registration is the order in which they are offered."""

    def __init__(self, formats: Iterable[Format] = ()) -> None:
        self._formats: dict[str, Format] = {}
        for format in formats:
            self.register(format)

    def register(self, format: Format) -> None:
        """Add a format; one of the same name is replaced."""
        self._formats[format.name] = format

    def get(self, name: str) -> Format:
        """The format of this name.

        Raises:
            RequestError: there is none; names the field ``format``.
        """
        try:
            return self._formats[name]
        except KeyError:
            unknown = Note("format_unknown", {"name": repr(name), "known": ", ".join(self._formats)})
            raise RequestError(unknown, field="format") from None

    def names(self) -> tuple[str, ...]:
        """What requests may call."""
        return tuple(self._formats)

    def __iter__(self) -> Iterator[Format]:
        return iter(self._formats.values())


def builtin() -> Iterator[Format]:
    """The formats that come with the portal."""
    from packager.streaming.formats import delimited, jsonl, parquet, xlsx
    from packager.streaming.formats.dwca import DwcaFormat

    yield delimited.CSV
    yield delimited.TSV
    yield xlsx.Xlsx()
    yield jsonl.JsonLines()
    if parquet.is_available():
        yield parquet.Parquet()
    yield DwcaFormat()
