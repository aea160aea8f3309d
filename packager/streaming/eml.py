"""``eml.xml``: what the data portal says of the data, for the catalogues of biodiversity data.

Ecological Metadata Language 2.2.0, https://eml.ecoinformatics.org, as far as GBIF reads it:
https://ipt.gbif.org/manual/en/ipt/latest/gbif-metadata-profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC
from urllib.parse import quote, urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from packager.streaming.facts import Facts, Origin, public_url, without_addresses

_NAMESPACE = "https://eml.ecoinformatics.org/eml-2.2.0"
#: What XML 1.0 has no way to say.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PARAGRAPH_END = re.compile(r"\n\s*\n")


def eml(facts: Facts, origin: Origin, citation: str) -> bytes:
    """The document, with an identifier of its own.

    A title, a creator and a contact are needed; where CKAN names none, the id of the resource and the address of the
    data portal stand in for them. Whether an author is a person CKAN does not say: names are given as they are.

    Args:
        facts: about the data.
        origin: where they come from.
        citation: how to cite them; may be empty.
    """
    address = public_url(origin.ckan_url)
    site = urlsplit(address).hostname or "data portal"
    root = Element("eml:eml", {"xmlns:eml": _NAMESPACE, "packageId": str(uuid4()), "system": address or site})
    dataset = SubElement(root, "dataset")
    _add_texts(dataset, "alternateIdentifier", [facts.doi, origin.resource_id])
    _add_texts(dataset, "title", [facts.full_title or origin.resource_id])
    _add_parties(dataset, "creator", facts.authors, facts.publisher or site)
    _add_texts(dataset, "pubDate", [facts.year])
    if facts.description:
        _add_texts(SubElement(dataset, "abstract"), "para", _PARAGRAPH_END.split(facts.description))
    _add_rights(dataset, facts)
    if page := facts.page or facts.doi:
        online = SubElement(SubElement(dataset, "distribution"), "online")
        SubElement(online, "url", {"function": "information"}).text = _uri(page)
    _add_parties(dataset, "contact", () if facts.publisher else facts.authors, facts.publisher or site)
    if facts.publisher:
        _add_parties(dataset, "publisher", (), facts.publisher)
    gbif = SubElement(SubElement(SubElement(root, "additionalMetadata"), "metadata"), "gbif")
    _add_texts(gbif, "dateStamp", [f"{origin.made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"])
    _add_texts(gbif, "citation", [citation.strip()])
    indent(root)
    document: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return document + b"\n"


def _add_texts(parent: Element, tag: str, texts: Iterable[str]) -> None:
    """An element for each text that is not empty."""
    for text in filter(None, map(_clean, texts)):
        SubElement(parent, tag).text = text


def _add_parties(dataset: Element, tag: str, people: Iterable[str], organization: str) -> None:
    """The people; the organization where there are none. An author who is named as the organization is no person."""
    people = [name for name in people if name != organization]
    for name in people:
        _add_texts(SubElement(SubElement(dataset, tag), "individualName"), "surName", [name])
    if not people:
        _add_texts(SubElement(dataset, tag), "organizationName", [organization])


def _add_rights(dataset: Element, facts: Facts) -> None:
    if not facts.licence:
        return
    rights = SubElement(SubElement(dataset, "intellectualRights"), "para")
    rights.text = "This work is licensed under: "
    link = SubElement(rights, "ulink", {"url": _clean(facts.licence_url)} if facts.licence_url else {})
    _add_texts(link, "citetitle", [facts.licence])
    licensed = SubElement(dataset, "licensed")
    _add_texts(licensed, "licenseName", [facts.licence])
    _add_texts(licensed, "url", [_uri(facts.licence_url)])
    _add_texts(licensed, "identifier", [facts.licence_id])


def _clean(text: str) -> str:
    return _UNSPEAKABLE.sub("", without_addresses(text)).strip()


def _uri(address: str) -> str:
    return quote(_clean(address), safe="%:/?#[]@!$&'()*+,;=~")
