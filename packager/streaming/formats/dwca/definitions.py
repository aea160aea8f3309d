"""What a core or an extension may hold, and how to read it from GBIF's definition files.

The format of the files: https://rs.gbif.org/schema/extension.xsd.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from xml.parsers import expat

from packager.errors import DwcConfigurationError

_NAMESPACE = "http://rs.gbif.org/extension/"
_OTHERS = re.compile(r"[^a-z0-9]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Term:
    """A term: its short name and its URI."""

    name: str
    uri: str


@dataclass(frozen=True)
class Definition:
    """A core or an extension: the URI of its row type and its terms."""

    row_type: str
    terms: tuple[Term, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Term]:
        """The terms by their short names, in order; of two terms with one name the first counts."""
        terms: dict[str, Term] = {}
        for term in self.terms:
            terms.setdefault(term.name, term)
        return terms

    @cached_property
    def file_stem(self) -> str:
        """The row type without its camel case: ``measurement_or_fact``. Safe as a file name."""
        name = self.row_type.rstrip("/#").replace("#", "/").rpartition("/")[2]
        return _OTHERS.sub("_", _HUMPS.sub("_", name).lower()).strip("_") or "data"


def camel_case(name: str) -> str:
    """The words of a name in lower camel case, as terms have them: ``Taxon resource ID`` becomes ``taxonResourceID``.

    Words all in capitals stay so, and capitals inside a word stay: ``isTypeSpecimen`` is what it was.
    """
    words = name.split()
    if not words:
        return ""
    first = words[0] if words[0].upper() == words[0] else words[0][0].lower() + words[0][1:]
    return first + "".join(word[0].upper() + word[1:] for word in words[1:])


def read_definition(path: Path, setting: str) -> Definition:
    """Read a GBIF extension definition.

    Document types and entities are refused and nothing outside the file is read, so that a definition taken from
    elsewhere can neither grow nor fetch.

    Args:
        path: the XML file.
        setting: the name of the setting that led here, for the message.

    Raises:
        DwcConfigurationError: the file cannot be read, is no such definition, or has a term without a URI.
    """
    reader = _DefinitionReader()
    try:
        reader.parse(path.read_bytes())
        return reader.definition()
    except OSError as error:
        raise DwcConfigurationError(setting, f"{path} cannot be read ({error.strerror})") from error
    except (expat.ExpatError, _NotADefinition) as error:
        raise DwcConfigurationError(setting, f"{path} is no extension definition ({error})") from error


class _NotADefinition(Exception):
    """Well-formed, but not what we need."""


@dataclass
class _DefinitionReader:
    """Collects the row type and the terms while expat walks the file."""

    row_type: str | None = None
    terms: list[Term] = field(default_factory=list)

    def parse(self, content: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self.doctype
        parser.StartElementHandler = self.element
        parser.Parse(content, True)

    def definition(self) -> Definition:
        if not self.row_type:
            raise _NotADefinition("it has no row type")
        if not self.terms:
            raise _NotADefinition("it has no terms")
        return Definition(self.row_type, tuple(self.terms))

    def doctype(self, *_: object) -> None:
        raise _NotADefinition("it has a document type declaration, which is not permitted")

    def element(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == f"{_NAMESPACE} extension":
            self.row_type = attributes.get("rowType")
        elif tag == f"{_NAMESPACE} property":
            name, uri = attributes.get("name"), attributes.get("qualName")
            if not name or not uri:
                raise _NotADefinition(f"the property {name or uri or '?'} lacks its name or its URI")
            self.terms.append(Term(name, uri))
