"""Checks that formats share."""

from __future__ import annotations

from collections.abc import Collection

from packager.errors import RequestError
from packager.streaming.formats.base import Options
from packager.streaming.notes import Note


def refuse_unknown(format_name: str, options: Options, known: Collection[str] = ()) -> None:
    """Nothing, or a RequestError that names the first option outside ``known``."""
    for option in options:
        if option not in known:
            unknown = Note("option_unknown", {"format": format_name, "option": repr(option)})
            raise RequestError(unknown, field=str(option))


class WithoutOptions:
    """The part of a format that takes no options."""

    name: str

    def check(self, options: Options) -> Options:
        """Nothing. Raises RequestError if an option came."""
        refuse_unknown(self.name, options)
        return {}
