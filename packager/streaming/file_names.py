"""Names of files that are safe to unpack anywhere, whether a format gives them or an address."""

from __future__ import annotations

import re
import unicodedata

#: Bytes of UTF-8 that a name may have.
NAME_BYTES = 200

# Path separators, control characters and what Windows does not allow in a name.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def safe_name(name: str, default: str = "file") -> str:
    """A name without a path, control characters or anything that Windows refuses; ``default`` if nothing is left."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    clean = _UNSAFE.sub("_", last.encode("utf-8", "replace").decode()).strip(" ").rstrip(". ")
    if _RESERVED.match(clean):
        clean = f"_{clean}"
    # cut before the extension
    stem, dot, extension = clean.rpartition(".") if "." in clean[-20:] else (clean, "", "")
    room = NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + extension or default
