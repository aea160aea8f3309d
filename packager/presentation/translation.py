"""Says in the reader's language what the engine says in English.

The engine knows no Django and composes English sentences: those of the classes in ``errors.py`` and its notes on
wholeness. They are saved as they are and translated where somebody reads them: the sentence is recognised by its
pattern, the pattern is translated, and the facts are filled in again.
"""

from __future__ import annotations

import re
from functools import lru_cache
from string import Formatter

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from packager.errors import PackagerError

ERRORS = (
    _("Something went wrong on our side."),
    _("The data could not be read from the data portal."),
    _("The address of the data is not one that this service may read from."),
    _("The data portal could not be reached."),
    _("The data portal did not answer in time."),
    _("The data portal is overloaded or has a fault (HTTP {status})."),
    _("The data portal does not permit access to this resource with the key given."),
    _("The data portal has no such resource."),
    _("The data portal rejected the query: {reason}"),
    _("The data portal gave an answer that could not be understood."),
    _("The data did not arrive whole: {expected} {unit} were expected, {got} came."),
    _("The data cannot be written in this format: {reason}"),
    _("The setting {setting} is wrong: {problem}."),
    _("The package could not be stored."),
    _("There is no room left to store the package."),
    _("The request was cancelled."),
    _("Another worker has taken over this request."),
    _("The process that built the package stopped unexpectedly."),
    _("Building the package took too long and was stopped."),
)
NOTES = (
    _("The data portal does not say how many rows there are; whether all of them came could not be checked."),
    _("The data changed while it was read: there were {before} rows when reading began and {after} when it ended."),
    _("This data portal counts pages off by position, so that a row may be missing or come twice."),
    _("The data portal wrongly says that there are {limit} rows in all; that limit was taken to mean all rows."),
    _("The data portal only estimates its number of rows; whether all of them came could not be checked."),
    _("The server did not say how large the file is; whether it arrived whole could not be checked."),
    _("{read} rows were read; the portal's own rules made {written} of them."),
    _("{changed} cells that a spreadsheet could take for a formula were given a leading apostrophe (')."),
    _("{member}: the rows go on in further sheets ({sheets} in all), since a sheet cannot hold more."),
    _(
        "{member}: 1 cell held more text than a cell of a spreadsheet can ({limit} characters); it ends in “{mark}”. "
        "The CSV format has the whole text."
    ),
    _(
        "{member}: {cells} cells held more text than a cell of a spreadsheet can ({limit} characters); they end in "
        "“{mark}”. The CSV format has the whole text."
    ),
)
#: Facts that are numbers.
NUMBERS = ("least", "most")
#: What stands for facts in the sentences above, and names of formats.
WORDS = (
    _("rows"),
    _("bytes"),
    _("{least} to {most}"),
    _("CSV (comma separated)"),
    _("TSV (tab separated)"),
    _("Excel (XLSX)"),
    _("JSON Lines"),
    _("Parquet"),
    _("Darwin Core Archive"),
)


def translated(sentence: str) -> str:
    """``sentence`` in the language of now; as it is, if it is none of those above."""
    for pattern in (*WORDS, *ERRORS, *NOTES):
        if found := _matcher(pattern).fullmatch(sentence):
            facts = {name: translated(value) for name, value in found.groupdict().items()}
            return gettext(pattern).format(**facts)
    return sentence


@lru_cache
def _matcher(pattern: str) -> re.Pattern[str]:
    parts = Formatter().parse(pattern)
    steps = [re.escape(text) + (_any(name) if name else "") for text, name, _format, _conversion in parts]
    return re.compile("".join(steps), re.DOTALL)


def _any(name: str) -> str:
    return rf"(?P<{name}>\d+)" if name in NUMBERS else f"(?P<{name}>.+)"


def error_class(code: str) -> type[PackagerError]:
    """The class of our errors with this stable code; the base of all for one that is not known (any more)."""
    return next((found for found in _descendants(PackagerError) if found.code == code), PackagerError)


def _descendants(parent: type[PackagerError]) -> list[type[PackagerError]]:
    return [one for child in parent.__subclasses__() for one in (child, *_descendants(child))]
