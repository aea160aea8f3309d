"""The documents beside the data: meta.xml, eml.xml and gbif.json."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from xml.etree import ElementTree

from packager.streaming.formats.dwca.definitions import Term
from packager.streaming.formats.dwca.lines import Dialect

_TEXT_NAMESPACE = "http://rs.tdwg.org/dwc/text/"
_PLACE = re.compile(r"\{(package_id|pub_date|date_stamp)\}")
_DECLARED_ENCODING = re.compile(r"""\A(\s*<\?xml\b[^>]*?\bencoding\s*=\s*)(["'])[^"']*\2""")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file as meta.xml describes it: its first column is the id, the terms stand in those that follow."""

    name: str
    row_type: str
    terms: Sequence[Term]


def meta_xml(core: DataFile, extensions: Sequence[DataFile], dialect: Dialect, *, has_eml: bool) -> bytes:
    """The descriptor of the archive, see https://dwc.tdwg.org/text/."""
    archive = ElementTree.Element("archive", {"xmlns": _TEXT_NAMESPACE})
    if has_eml:
        archive.set("metadata", "eml.xml")
    _describe(archive, "core", "id", core, dialect)
    for extension in extensions:
        _describe(archive, "extension", "coreid", extension, dialect)
    ElementTree.indent(archive)
    body: str = ElementTree.tostring(archive, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body.replace(" />", "/>")}\n'.encode()


def _describe(archive: ElementTree.Element, tag: str, id_tag: str, file: DataFile, dialect: Dialect) -> None:
    section = ElementTree.SubElement(archive, tag, {**dialect.attributes, "rowType": file.row_type})
    files = ElementTree.SubElement(section, "files")
    ElementTree.SubElement(files, "location").text = file.name
    ElementTree.SubElement(section, id_tag, {"index": "0"})
    for index, term in enumerate(file.terms, start=1):
        ElementTree.SubElement(section, "field", {"index": str(index), "term": term.uri})


def eml_xml(template: str, package_id: UUID, now: datetime) -> bytes:
    """The template with ``{package_id}``, ``{pub_date}`` and ``{date_stamp}`` filled in, every other brace as it is.

    Args:
        template: EML as text.
        package_id: names this package.
        now: the time of the package, in UTC.
    """
    values = {
        "package_id": str(package_id),
        "pub_date": now.strftime("%Y-%m-%d"),
        "date_stamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    text = _PLACE.sub(lambda place: values[place[1]], template.removeprefix("\ufeff"))
    return _DECLARED_ENCODING.sub(r"\1\2UTF-8\2", text).encode("utf-8", "backslashreplace")


def gbif_json(now: datetime) -> bytes:
    """When the package was made, in seconds since 1970 (UTC), for the one who registers it with GBIF."""
    return json.dumps({"time": int(now.timestamp())}).encode()
