"""English sentences with named placeholders: marked for translators where they stand, filled in when they are read.

Plain Python, since errors and engine know no Django. ``makemessages`` finds the two markers by their names;
``presentation/translation.py`` looks the sentences up in the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: A full stop is one too many after these.
_ENDS = (".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Plural:
    """A sentence for one and a sentence for many; ``count`` names the parameter that decides between them."""

    one: str
    other: str
    count: str


Sentence = str | Plural
#: Marks a sentence with plural forms: ``ngettext(one, other, count)``.
ngettext = Plural


def gettext_noop(sentence: str) -> str:
    """Marks a sentence for translation and leaves it as it is."""
    return sentence


def english(value: object) -> str:
    """A parameter as English has it: whole numbers with thousands separators, notes in words."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def count_of(count: int, singular: str, plural: str = "") -> str:
    """``1 request``, ``2,000 requests``: for what is in English only."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def printable(text: str, most: int = 300) -> str:
    """What somebody sent, for a sentence: no longer than ``most``, NUL and halves of surrogate pairs spelled out."""
    safe = text.replace("\0", r"\0").encode("utf-8", "backslashreplace").decode()
    return safe if len(safe) <= most else f"{safe[:most]}…"


def fill(sentence: str, texts: Mapping[str, str]) -> str:
    """``sentence`` with its placeholders filled in. It ends with one full stop, also after a text that brings its own.

    Raises:
        KeyError: a text is missing.
    """
    filled = sentence.format(**texts)
    return filled[:-1] if filled.endswith(".") and filled[:-1].endswith(_ENDS) else filled
