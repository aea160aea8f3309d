"""Names of fields as names of terms."""

from __future__ import annotations


def camel_case(name: str) -> str:
    """The words of a name in lower camel case: ``Taxon resource ID`` becomes ``taxonResourceID``.

    Words all in capitals stay so, and capitals inside a word stay: ``isTypeSpecimen`` is what it was.
    """
    words = name.split()
    if not words:
        return ""
    first = words[0] if words[0].upper() == words[0] else words[0][0].lower() + words[0][1:]
    return first + "".join(word[0].upper() + word[1:] for word in words[1:])
