"""Specimen rows made from the row number: the same on every machine, at any row, for any number of rows.

``catalogNumber`` and ``occurrenceID`` differ in every row; the other columns repeat after ``PERIOD`` rows. That lets
a page be made from prepared rows, many times faster than a real CKAN makes it, while the repeated text lies further
apart than any compressor looks back.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache

PERIOD = 4099


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, its CKAN type and its entry in the data dictionary.

    ``numbered``, if given, is a ``%d`` pattern that makes the value from the row number.
    """

    name: str
    type: str
    numbered: str = ""
    info: Mapping[str, str] = field(default_factory=dict)


ID = Column("_id", "int", numbered="%d")

COLUMNS = (
    ID,
    Column(
        "catalogNumber",
        "text",
        "PEP %09d",
        {"label": "Catalogue number", "notes": "The number on the specimen's label.", "type_override": ""},
    ),
    Column("occurrenceID", "text", "urn:uuid:5eed0000-1758-4c1a-8000-%012d"),
    Column("scientificName", "text", info={"label": "Scientific name", "notes": "With author.", "type_override": ""}),
    Column("Taxon resource ID", "text"),
    Column("basisOfRecord", "text"),
    Column("eventDate", "timestamp"),
    Column("decimalLatitude", "float8", info={"label": "Latitude", "notes": "WGS84, degrees", "type_override": ""}),
    Column("decimalLongitude", "float8"),
    Column("Coordinate uncertainty (m)", "numeric"),
    Column("individualCount", "int4"),
    Column("country", "text"),
    Column("locality", "text"),
    Column("recordedBy", "text"),
    Column("fieldNotes", "text"),
    Column("isTypeSpecimen", "bool"),
    Column("associatedMedia", "json"),
    Column("modified", "timestamp"),
)

GENERA = (
    *("Abies", "Bombus", "Carabus", "Dactylorhiza", "Erebia", "Formica", "Gryllus", "Hyla", "Ilex", "Juniperus"),
    *("Lacerta", "Æthopyga", "Vanessa"),
)
EPITHETS = (
    *("alpina", "borealis", "communis", "dubia", "elegans", "flavipes", "gracilis", "horrida", "insularis"),
    *("brassicæ", "vulgaris", "müelleri"),
)
AUTHORS = ("Linnaeus, 1758", "L.", "O.F.Müller, 1764", "Fabricius, 1775", '"Anon." in Brünnich, 1772', "Łoziński, 1911")
BASES = ("PreservedSpecimen", "FossilSpecimen", "HumanObservation")
COUNTRIES = ("United Kingdom", "Côte d'Ivoire", "Brasil", "日本", "España", "Ελλάδα", "")
PLACES = (
    'near "Old Mill"',
    "São Miguel; north face",
    "Århus havn",
    "Kyōto, 京都",
    "roadside\tverge",
    "C:\\fieldwork\\7",
)
PEOPLE = ("Wallace, A.R.", "O'Brien, Siobhán | Müller, J.", "Banks, J. & Solander, D.", "Ñuñez, P.", "Anning, M.")
NOTES = (
    'Collected at dusk,\nby "sweep net"; humid.',
    'Label reads:\r\n"No. 1,204"\r\n(ink faded)',
    "Dry, pinned; wings spread. Slide in drawer B, ½ filled. 👩‍🔬",
    "=SUM(A1:A9) as written on the label",
    "Damaged \\ repaired; see letter, 12% humidity.",
    "\u200f\u05d0\u05d1 on the reverse",
)

#: Text values that an exporter must not spoil.
HARD_TEXTS = (
    *("", "null", "NULL", "\\N", "\\.", '"', '""', "a,b", "a\tb", "a\nb", "a\r\nb", "a\rb", " lead", "trail ", "=1+1"),
    *("@SUM(A1)", "#N/A", "it's", "\\", "0012", "1e5", "NaN", "é e\u0301", "𝔘𝔫𝔦", "👩‍🔬", "\u200f\u05d0", "\ufeffbom"),
    *("\u2028", "x" * 5000, "<b>&amp;", "%00", "100 %d", "\x01\x1f", "\x7f", "true", "-0", "{}", "[1, 2]"),
)


@cache
def specimens() -> tuple[tuple[object, ...], ...]:
    """The ``PERIOD`` rows that repeat, a value for each of ``COLUMNS``; None stands in the numbered columns."""
    return tuple(_specimen(random.Random(number), number) for number in range(PERIOD))


def _specimen(chance: random.Random, number: int) -> tuple[object, ...]:
    located = chance.random() > 0.1
    return (
        *(None, None, None),
        f"{chance.choice(GENERA)} {chance.choice(EPITHETS)} ({chance.choice(AUTHORS)})",
        f"gbif:{chance.randrange(10**6, 10**7)}",
        chance.choice(BASES),
        _moment(chance) if chance.random() > 0.05 else None,
        round(chance.uniform(-90, 90), 5) if located else None,
        chance.uniform(-180, 180) if located else None,
        _uncertainty(chance) if located else None,
        chance.randrange(-1, 250) if chance.random() > 0.25 else None,
        chance.choice(COUNTRIES),
        f"Plot {chance.randrange(977)}, {chance.choice(PLACES)}; alt. {chance.randrange(3000)} m",
        chance.choice(PEOPLE) if chance.random() > 0.15 else None,
        _notes(chance),
        number % 50 == 0,
        _media(chance, number),
        datetime(2024, 2, 29, 23, 59, 59) + timedelta(seconds=number, milliseconds=number % 1000),
    )


def _moment(chance: random.Random) -> datetime:
    return datetime(1780, 1, 1) + timedelta(days=chance.randrange(87000), milliseconds=chance.randrange(86_400_000))


def _uncertainty(chance: random.Random) -> Decimal | None:
    if chance.random() < 0.05:
        return Decimal("12345678901234567890.123456789") + chance.randrange(1000)
    return Decimal(chance.randrange(5000)) + Decimal("0.250") if chance.random() < 0.4 else None


def _notes(chance: random.Random) -> str | None:
    kind = chance.random()
    if kind < 0.2:
        return ""
    return None if kind < 0.35 else f"{chance.choice(NOTES)} Sample {chance.randrange(10**8):08d}."


def _media(chance: random.Random, number: int) -> list[dict[str, object]] | None:
    if chance.random() < 0.6:
        return None
    return [
        {
            "identifier": f"https://media.example.org/{number:05d}-{view}.jpg",
            "type": "StillImage",
            "mime": "jpeg",
            "title": f'View {view}, "dorsal"\nside é',
            "license": "http://creativecommons.org/licenses/by/4.0/",
            "rightsHolder": "The Trustees of the Example Museum",
        }
        for view in range(chance.randrange(3))
    ]


def hard_rows() -> list[tuple[object, ...]]:
    """A row for each of ``HARD_TEXTS``, with extreme numbers beside it: for a table of ``HARD_COLUMNS``."""
    return [_hard_row(number, text) for number, text in enumerate(HARD_TEXTS)]


HARD_COLUMNS = (
    ID,
    Column("text", "text"),
    Column('The "quoted", name', "text"),
    Column("number", "numeric"),
    Column("float", "float8"),
    Column("whole", "int8"),
    Column("flag", "bool"),
    Column("json", "json"),
    Column("moment", "timestamp"),
)


def _hard_row(number: int, text: str) -> tuple[object, ...]:
    return (
        None,
        text,
        HARD_TEXTS[-1 - number] if number % 4 else None,
        (Decimal("12345678901234567890.123456789"), Decimal("0.10"), Decimal("-1E-9"), None)[number % 4],
        (1 / 3, 179.0, -1e-7, 1e22, None)[number % 5],
        (9223372036854775807, -9223372036854775808, 0, None)[number % 4],
        (True, False, None)[number % 3],
        (None, [], {"a": text}, [1.5, "é", None], "text", 7)[number % 6],
        (datetime(1753, 1, 1), datetime(2024, 2, 29, 23, 59, 59, 999999), None)[number % 3],
    )
