"""Text as a cell of a sheet can hold it."""

from __future__ import annotations

import re

#: UTF-16 code units in a cell (Excel specifications and limits, support.microsoft.com).
CELL_LIMIT = 32_767
#: How a text ends that had to be cut.
CUT_MARK = "… [cut]"

# XML 1.0 has no way to say these; a bare CR would be read back as LF.
_UNSPEAKABLE = "\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff"
# A literal _x0041_ would be read as A, also where the last _ is the first of an escape of ours.
_SPECIAL = re.compile(f"[{_UNSPEAKABLE}&<>]|_(?=x[0-9A-Fa-f]{{4}}[_{_UNSPEAKABLE}])")
_SPECIAL_ASCII = bytes(code for code in range(32) if code not in b"\t\n") + b"&<>"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str) -> str:
    """Text as it stands in XML, with ``_xHHHH_`` for what XML cannot hold (ST_Xstring, ECMA-376 part 1, 22.9.2.19)."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"_x{ord(found[0]):04X}_", text)


def shortened(text: str) -> str:
    """The text itself if it fits into a cell, else its beginning and CUT_MARK: CELL_LIMIT UTF-16 units at most."""
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    units = units[: 2 * (CELL_LIMIT - len(CUT_MARK))]
    if 0xD8 <= units[-1] <= 0xDB:  # the first half of a pair
        units = units[:-2]
    return units.decode("utf-16-le", "surrogatepass") + CUT_MARK


def all_fit(texts: list[str]) -> bool:
    """Whether none of these texts can need to be cut or escaped: a quick look, which may say no too often."""
    if max(map(len, texts), default=0) > CELL_LIMIT // 2:
        return False
    together = " ".join(texts)
    if "_x" in together or "\ufffe" in together or "\uffff" in together:
        return False
    try:
        data = together.encode()
    except UnicodeEncodeError:
        return False
    return len(data.translate(None, _SPECIAL_ASCII)) == len(data)
