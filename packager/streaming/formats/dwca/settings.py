"""What the operator decides about Darwin Core Archives, and how it is read from the ``PACKAGER_DWC_`` settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packager.errors import DwcConfigurationError
from packager.streaming.formats.dwca.definitions import Definition, Term, camel_case, read_definition
from packager.streaming.formats.dwca.items import FORMATTERS, Column, ItemTable
from packager.streaming.formats.dwca.terms import BUILT_IN, MULTIMEDIA, OCCURRENCE

ID_FIELD = "PACKAGER_DWC_ID_FIELD"
CORE_EXTENSION = "PACKAGER_DWC_CORE_EXTENSION"
ADDITIONAL_EXTENSIONS = "PACKAGER_DWC_ADDITIONAL_EXTENSIONS"
DYNAMIC_TERM = "PACKAGER_DWC_DYNAMIC_TERM"
EXTENSION_FIELDS = "PACKAGER_DWC_EXTENSION_FIELDS"
_PARTS = {"extension", "fields", "mappings", "formatters"}


_FORMAT = Column(MULTIMEDIA.by_name["format"], source="mime", formatter="image")
#: ``associatedMedia`` to the Multimedia extension: every term under its own name, ``format`` from ``mime`` first.
DEFAULT_EXTENSION_FIELDS: Mapping[str, ItemTable] = {
    "associatedMedia": ItemTable(
        MULTIMEDIA, tuple(_FORMAT if term == _FORMAT.term else Column(term) for term in MULTIMEDIA.terms)
    )
}


@dataclass(frozen=True)
class DwcSettings:
    """How rows become a Darwin Core Archive.

    ``extension_fields`` maps the name of a field of the data to the extension that its items go to.

    Raises:
        DwcConfigurationError: the dynamic term is unknown, or an additional extension is the core itself.
    """

    id_field: str = "_id"
    core: Definition = OCCURRENCE
    additional: tuple[Definition, ...] = ()
    dynamic_term: str = "dynamicProperties"
    extension_fields: Mapping[str, ItemTable] = field(default_factory=lambda: DEFAULT_EXTENSION_FIELDS)

    def __post_init__(self) -> None:
        if not self.id_field:
            raise DwcConfigurationError(ID_FIELD, "it is empty")
        if self.core.row_type in {definition.row_type for definition in self.additional}:
            raise DwcConfigurationError(ADDITIONAL_EXTENSIONS, f"{self.core.row_type} is the core already")
        if any(table.definition.row_type == self.core.row_type for table in self.extension_fields.values()):
            raise DwcConfigurationError(EXTENSION_FIELDS, f"{self.core.row_type} is the core already")
        if self.dynamic_term not in self.core.by_name and self.dynamic_term not in OCCURRENCE.by_name:
            raise DwcConfigurationError(DYNAMIC_TERM, f"{self.dynamic_term or 'the empty text'} is no term of the core")

    @property
    def dynamic(self) -> Term:
        """The term that takes what has no other. The Taxon core does not list it; its URI is known all the same."""
        return self.core.by_name.get(self.dynamic_term) or OCCURRENCE.by_name[self.dynamic_term]


def settings_from_configuration(
    *,
    id_field: str = "_id",
    core_extension: str = "",
    additional_extensions: Sequence[str] = (),
    dynamic_term: str = "dynamicProperties",
    extension_fields: Mapping[str, object] | None = None,
) -> DwcSettings:
    """The settings from the values of the ``PACKAGER_DWC_`` variables. Empty values mean the defaults.

    Args:
        id_field: the field whose values identify the rows.
        core_extension: ``Occurrence``, ``Taxon`` or the path of a GBIF definition file.
        additional_extensions: names of built-in extensions, or paths of definition files.
        dynamic_term: the name of the term that takes what has no other.
        extension_fields: see ``parse_extension_fields``.

    Raises:
        DwcConfigurationError: a value that cannot be used; names the variable.
    """
    return DwcSettings(
        id_field=id_field or "_id",
        core=_definition(core_extension, CORE_EXTENSION) if core_extension else OCCURRENCE,
        additional=tuple(_definition(name, ADDITIONAL_EXTENSIONS) for name in additional_extensions if name),
        dynamic_term=dynamic_term or "dynamicProperties",
        extension_fields=parse_extension_fields(extension_fields) if extension_fields else DEFAULT_EXTENSION_FIELDS,
    )


def parse_extension_fields(value: Mapping[str, object]) -> dict[str, ItemTable]:
    """What ``PACKAGER_DWC_EXTENSION_FIELDS`` says.

    The shape is that of ckanpackager's ``DWC_EXTENSION_FIELDS``, with formatters by name:
    ``{"associatedMedia": {"extension": "Multimedia", "fields": {"type": "StillImage", "format": ""},
    "mappings": {"format": "mime"}, "formatters": {"format": "image"}}}``. ``fields`` names the terms and their
    defaults; it may be a list of terms, and without it every term of the extension is meant.

    Raises:
        DwcConfigurationError: a value that cannot be used.
    """
    return {name: _item_table(name, entry) for name, entry in value.items()}


def _definition(name: str, setting: str) -> Definition:
    return BUILT_IN.get(name) or read_definition(Path(name), setting)


def _item_table(name: str, value: object) -> ItemTable:
    entry = _object(value, name)
    _known(entry, _PARTS, name)
    definition = _definition(_text(entry.get("extension"), f"{name}.extension"), EXTENSION_FIELDS)
    fields = entry.get("fields", list(definition.by_name))
    if isinstance(fields, list):
        fields = {_text(item, f"{name}.fields"): "" for item in fields}
    defaults = _texts(fields, f"{name}.fields")
    mappings = _texts(entry.get("mappings", {}), f"{name}.mappings")
    formatters = _texts(entry.get("formatters", {}), f"{name}.formatters")
    for part, names in (("mappings", mappings), ("formatters", formatters)):
        _known(names, defaults, f"{name}.{part}")
    _known(formatters.values(), FORMATTERS, f"{name}.formatters")
    columns = []
    for field_name, default in defaults.items():
        term = definition.by_name.get(field_name) or definition.by_name.get(camel_case(field_name))
        if term is None:
            raise DwcConfigurationError(EXTENSION_FIELDS, f"{name}: {definition.row_type} has no term {field_name}")
        columns.append(Column(term, default, mappings.get(field_name), formatters.get(field_name)))
    return ItemTable(definition, tuple(columns))


def _known(names: Iterable[str], allowed: Iterable[str], where: str) -> None:
    permitted = list(allowed)
    for name in names:
        if name not in permitted:
            raise DwcConfigurationError(
                EXTENSION_FIELDS, f"{where}: {name} is not among {', '.join(sorted(permitted))}"
            )


def _object(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise DwcConfigurationError(EXTENSION_FIELDS, f"{where} must be a JSON object")
    return value


def _texts(value: object, where: str) -> Mapping[str, str]:
    return {key: "" if item == "" else _text(item, f"{where}.{key}") for key, item in _object(value, where).items()}


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise DwcConfigurationError(EXTENSION_FIELDS, f"{where} must be a text")
    return value
