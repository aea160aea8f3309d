"""The files that stand beside the data: README, data dictionary, licence, citation, and a machine's view of it all.

Every text goes through one gate that takes e-mail addresses out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC

from packager.streaming.datapackage import descriptor
from packager.streaming.facts import Facts, Origin, public_url, without_addresses
from packager.streaming.formats.base import Options
from packager.streaming.formats.delimited import line_of
from packager.streaming.notes import Note
from packager.streaming.pipeline import Summary
from packager.streaming.types import Field, Member, Query

#: What each file is, for the README.
COMPANIONS = {
    "data_dictionary.csv": "name, type, label and notes of each column",
    "LICENSE.txt": "the licence of the data",
    "CITATION.txt": "how to cite the data",
    "datapackage.json": "the same for machines (Frictionless Data Package)",
}
#: Those that stand beside a data file which describes itself to machines.
FOR_PEOPLE = ("LICENSE.txt", "CITATION.txt")


def metadata_members(
    facts: Facts,
    origin: Origin,
    summary: Summary,
    options: Options | None = None,
    companions: Collection[str] = COMPANIONS.keys(),
) -> Iterator[Member]:
    """The metadata of a package, README first. What CKAN does not say is left out, a file with nothing in it too.

    Args:
        facts: what CKAN says of the data.
        origin: where the data comes from and what was asked for.
        summary: what stands in the archive so far.
        options: those of the format; ``delimiter`` is told to machines.
        companions: which of ``COMPANIONS`` come with the README.
    """
    package = descriptor(facts, origin, summary, options or {})
    texts = {
        "data_dictionary.csv": dictionary(summary.fields) if summary.fields else "",
        "LICENSE.txt": licence(facts),
        "CITATION.txt": citation(facts, origin),
        "datapackage.json": json.dumps(package, ensure_ascii=False, indent=2) + "\n",
    }
    texts = {name: text for name, text in texts.items() if text and name in companions}
    yield _member("README.txt", readme(facts, origin, summary, texts), origin)
    for name, text in texts.items():
        yield _member(name, text, origin)


def readme(facts: Facts, origin: Origin, summary: Summary, companions: Iterable[str]) -> str:
    """What a person should know who opens the archive."""
    files = [f"{name} ({size:,} bytes)" for name, size in summary.members]
    notes = [*summary.notes, *([Note("no_rows")] if summary.rows == 0 else [])]
    address = public_url(origin.file_url)
    query = [f"The file {address}"] if address else []
    if origin.query is not None:
        as_json = json.dumps(query_json(origin.query), ensure_ascii=False, default=str)
        query = [*origin.query_lines, f"As JSON: {as_json}"]
    return _joined(
        _titled(facts.resource or facts.dataset or "Data package", _origin_lines(facts, origin, summary)),
        facts.description,
        _titled("Your request", query),
        _titled("Files", files + [f"{name}: {COMPANIONS[name]}" for name in companions]),
        _titled("Notes", map(str, notes)),
        _titled("Licence", [licence(facts).strip()] if licence(facts) else []),
        _titled("How to cite", [citation(facts, origin).strip()] if citation(facts, origin) else []),
    )


def dictionary(fields: Iterable[Field]) -> str:
    """CSV with one line for each column."""
    line = line_of(",")
    rows = [line([field.name, field.type, _info(field, "label"), _info(field, "notes")]) for field in fields]
    return "".join([line(["name", "type", "label", "notes"]), *rows])


def licence(facts: Facts) -> str:
    """Title and address of the licence; empty if CKAN names none."""
    return _joined(f"{facts.licence}\n{facts.licence_url}".strip())


def citation(facts: Facts, origin: Origin) -> str:
    """Author (year): title. Version. Publisher. Address. Empty if there is neither author nor title."""
    if not (facts.dataset or facts.authors):
        return ""
    year = f"({facts.year})" if facts.year else ""
    who = f"{'; '.join(facts.authors) or facts.publisher} {year}".strip()
    version = f"Version {facts.version}" if facts.version else ""
    publisher = facts.publisher if facts.authors else ""
    sentences = [who, facts.full_title, version, publisher, facts.doi or facts.page]
    return ". ".join(filter(None, sentences)) + f". Accessed {origin.made.astimezone(UTC):%Y-%m-%d}.\n"


def query_json(query: Query) -> dict[str, object]:
    """The query in CKAN's terms, without what was not asked for."""
    values = {name: getattr(query, name) for name in query.__dataclass_fields__}
    return {
        name: value
        for name, value in values.items()
        if value not in (None, {}, (), "") and (name, value) != ("offset", 0)
    }


def _origin_lines(facts: Facts, origin: Origin, summary: Summary) -> list[str]:
    rows = "" if summary.rows is None else f"Rows: {summary.rows:,}"
    lines = [
        f"Dataset: {facts.dataset}" if facts.dataset else "",
        f"Published by: {facts.publisher}" if facts.publisher else "",
        f"Resource ID: {origin.resource_id}",
        f"Address: {facts.page}" if facts.page else "",
        f"DOI: {facts.doi}" if facts.doi else "",
        f"Packaged: {origin.made.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        rows,
    ]
    return [line for line in lines if line]


def _info(field: Field, key: str) -> str | None:
    value = field.info.get(key)
    return value if isinstance(value, str) and value else None


def _titled(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"{title}\n{'=' * len(title)}\n{body}" if body else ""


def _joined(*parts: str) -> str:
    text = "\n\n".join(filter(None, parts))
    return f"{text}\n" if text else ""


def _member(name: str, text: str, origin: Origin) -> Member:
    return Member(name, [without_addresses(text).encode("utf-8", "replace")], modified=origin.made)
