"""The parts of a workbook beside its rows (SpreadsheetML, ECMA-376 part 1, transitional)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from packager.streaming.formats.opc import Part

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

#: What stands before the rows of a sheet; its first row stays in view.
SHEET_HEAD = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
#: What stands after them. Excel is told not to flag digits in text cells as mistakes.
SHEET_TAIL = (
    b'</sheetData><ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors>'
    b"</worksheet>"
)

_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_WORKBOOK_HEAD = f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews><sheets>'
_CONTENT_TYPES_HEAD = (
    f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
)


def sheet_path(number: int) -> str:
    """The path of a sheet, counted from 1."""
    return f"xl/worksheets/sheet{number}.xml"


def opening_parts() -> list[Part]:
    """The parts that do not depend on the rows."""
    workbook = _relationships({"rId1": (f"{_OFFICE}/officeDocument", "xl/workbook.xml")})
    return [_part("_rels/.rels", workbook), _part("xl/styles.xml", _STYLES)]


def closing_parts(sheets: Sequence[str]) -> list[Part]:
    """The parts that list the sheets, by their names."""
    numbers = range(1, len(sheets) + 1)
    targets = {f"rId{n}": (f"{_OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n in numbers}
    targets[f"rId{len(sheets) + 1}"] = (f"{_OFFICE}/styles", "styles.xml")
    kinds = {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
    kinds.update({f"/{sheet_path(n)}": "worksheet" for n in numbers})
    types = (f'<Override PartName="{path}" ContentType="{_TYPES}.{kind}+xml"/>' for path, kind in kinds.items())
    entries = (f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, start=1))
    return [
        _part("xl/workbook.xml", f"{_WORKBOOK_HEAD}{''.join(entries)}</sheets></workbook>"),
        _part("xl/_rels/workbook.xml.rels", _relationships(targets)),
        _part("[Content_Types].xml", f"{_CONTENT_TYPES_HEAD}{''.join(types)}</Types>"),
    ]


def _relationships(targets: dict[str, tuple[str, str]]) -> str:
    entries = (f'<Relationship Id="{id}" Type="{kind}" Target="{to}"/>' for id, (kind, to) in targets.items())
    return f'{_XML}<Relationships xmlns="{_RELATIONSHIPS}">{"".join(entries)}</Relationships>'


def _part(path: str, xml: str) -> Part:
    return Part(path, (xml.encode(),))
