"""The Darwin Core Archive: a core, its extensions and what describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from packager.errors import RequestError
from packager.sentences import gettext_noop
from packager.streaming.formats.base import Options
from packager.streaming.formats.dwca.build import Build
from packager.streaming.formats.dwca.documents import eml_xml, gbif_json, meta_xml
from packager.streaming.formats.dwca.layout import make_layout
from packager.streaming.formats.dwca.lines import DIALECTS
from packager.streaming.formats.dwca.settings import DwcSettings
from packager.streaming.formats.options import refuse_unknown
from packager.streaming.notes import Note, Notes
from packager.streaming.sources.base import Table
from packager.streaming.types import Member, Shape

_DEFAULTS: Mapping[str, object] = {"dialect": "csv", "eml": "", "for_gbif": False}
_NO = {"", "0", "f", "false", "n", "no", "off"}


def _now() -> datetime:
    return datetime.now(UTC)


class DwcaFormat:
    """Rows as a Darwin Core Archive (https://dwc.tdwg.org/text/).

    Options: ``dialect`` (``csv`` or ``tsv``), ``eml`` (a template for eml.xml) and ``for_gbif`` (adds gbif.json).

    Args:
        settings: how fields map to terms.
        temp_directory: where rows of extensions wait while the core is written; None for the system's own place.
        now: the clock, in UTC.
        eml: the document that becomes eml.xml where the options have no template of one.
    """

    name = "dwca"
    label = gettext_noop("Darwin Core Archive")
    version = 2

    def __init__(
        self,
        settings: DwcSettings | None = None,
        temp_directory: Path | None = None,
        now: Callable[[], datetime] = _now,
        eml: bytes = b"",
    ) -> None:
        self._settings = settings or DwcSettings()
        self._temp_directory = temp_directory
        self._now = now
        self._eml = eml

    @property
    def needed_fields(self) -> Sequence[str]:
        """The field of the ids."""
        return (self._settings.id_field,)

    @property
    def configuration(self) -> str:
        """See ``Configured``. Of definition files it is what they say that counts, not where they lie."""
        return repr(self._settings)

    @property
    def option_schemas(self) -> Mapping[str, Mapping[str, object]]:
        """See ``DescribesOptions``."""
        return {
            "dialect": {"enum": sorted(DIALECTS), "default": _DEFAULTS["dialect"]},
            "eml": {"type": "string", "description": "a template of eml.xml"},
            "for_gbif": {"type": "boolean", "default": False},
        }

    def check(self, options: Options) -> Options:
        """The options with their defaults. Raises RequestError, which names the option."""
        refuse_unknown(self.name, options, _DEFAULTS)
        checked = {**_DEFAULTS, **{key: value for key, value in options.items() if value not in (None, "")}}
        if checked["dialect"] not in DIALECTS:
            raise RequestError(Note("dialect_unknown"), field="dialect")
        if not isinstance(checked["eml"], str):
            raise RequestError(Note("eml_no_text"), field="eml")
        if not isinstance(checked["for_gbif"], bool | str):
            raise RequestError(Note("option_switch", {"option": "for_gbif"}), field="for_gbif")
        # a form sends text, and any text but a no is a yes
        return {**checked, "for_gbif": str(checked["for_gbif"]).strip().lower() not in _NO}

    def with_eml(self, document: bytes) -> DwcaFormat:
        """See ``TakesEml``."""
        return DwcaFormat(self._settings, self._temp_directory, self._now, document)

    def shapes(self, options: Options) -> Sequence[Shape]:
        """Parsed values."""
        return (Shape.ROWS,)

    def members(self, table: Table, options: Options, notes: Notes) -> Iterator[Member]:
        """The core, the extensions that have rows, meta.xml, eml.xml and gbif.json.

        Rows of extensions wait in temporary files, deflated, which are deleted when this ends, however it ends.

        Raises:
            FormatError: the field of the ids is missing, or its values are empty or not unique.
        """
        layout = make_layout(table.fields, self._settings)
        dialect = DIALECTS[options["dialect"]]
        with closing(Build(layout, self._settings.core, dialect, self._temp_directory)) as build:
            yield build.core_member(table, notes)
            yield from build.extension_members()
            now = self._now()
            eml = eml_xml(options["eml"], uuid4(), now) if options["eml"] else self._eml
            yield Member("meta.xml", [meta_xml(build.core_file, build.filled, dialect, has_eml=bool(eml))])
            if eml:
                yield Member("eml.xml", [eml], describes=True)
            if options["for_gbif"]:
                yield Member("gbif.json", [gbif_json(now)], describes=True)
