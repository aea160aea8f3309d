"""Puts notes and errors, which are saved as codes and parameters, into the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from packager.errors import PackagerError
from packager.models import Package
from packager.streaming.notes import Language, Note, read, read_params

#: The language that Django has activated.
READER = Language(gettext, ngettext, intcomma)


def notes_of(package: Package) -> list[Note]:
    """The completeness notes of ``package``; ``str`` of one is English, ``READER.text`` the reader's language."""
    return [read(saved) for saved in package.notes]


def error_text(code: str, params: Mapping[str, Any], message: str) -> str:
    """What went wrong, in the reader's language.

    Args:
        code: of the error.
        params: as they were saved.
        message: the English sentence as it was saved, for a code of a plugin that is gone, and params that do not fit.
    """
    kind = error_class(code)
    with suppress(KeyError):
        return READER.sentence(kind.sentence, read_params(params)) if kind.code == code else message
    return message


def error_class(code: str) -> type[PackagerError]:
    """The class of errors with this stable code; the base of all for one that is not known (any more)."""
    return next((found for found in _descendants(PackagerError) if found.code == code), PackagerError)


def _descendants(parent: type[PackagerError]) -> Iterator[type[PackagerError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _descendants(child)
