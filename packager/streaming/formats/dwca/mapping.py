"""Which field of the data goes where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from packager.streaming.formats.dwca.definitions import Definition, Term, camel_case
from packager.streaming.formats.dwca.items import ItemTable
from packager.streaming.formats.dwca.settings import DwcSettings

_SPELLINGS: tuple[Callable[[str], str], ...] = (str, camel_case)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field goes: to a term, or its items to rows of an extension."""

    definition: Definition
    target: Term | ItemTable


def place_fields(names: Sequence[str], settings: DwcSettings) -> dict[int, Place]:
    """Give the fields their places, by their positions; a field without one belongs into the dynamic term.

    A field goes to the term of its exact name, else to that of its name in lower camel case. Each place is given once:
    exact names come before derived ones, and then the first field wins.

    Args:
        names: the names of the fields, in order.
        settings: the core, the extensions and the extension fields.
    """
    # every place by its name: extension fields come before terms, the core before the extensions
    places = {name: Place(table.definition, table) for name, table in settings.extension_fields.items()}
    places.setdefault(settings.dynamic.name, Place(settings.core, settings.dynamic))
    for definition in (settings.core, *settings.additional):
        for name, term in definition.by_name.items():
            places.setdefault(name, Place(definition, term))
    placed: dict[int, Place] = {}
    for spelling in _SPELLINGS:
        for index, name in enumerate(names):
            if index not in placed and spelling(name) in places:
                placed[index] = places.pop(spelling(name))
    return placed


def dynamic_keys(names: Mapping[int, str], reserved: str) -> dict[int, str]:
    """The keys of fields in the dynamic term: their names in camel case, or as they are where two would be the same.

    Args:
        names: the names of the fields by their positions.
        reserved: a key that no field may have.
    """
    keys: dict[int, str] = {}
    taken = {reserved}
    for index, name in names.items():
        choices = chain((camel_case(name), name), (f"{name}_{number}" for number in count(2)))
        keys[index] = next(key for key in choices if key not in taken)
        taken.add(keys[index])
    return keys
