"""Whole numbers as forms, commands and settings bring them: one rule for all who read one.

Short, for settings, forms and statistics import it, and none of them another.
"""

from __future__ import annotations

#: What CKAN and databases keep as a bigint.
LARGEST = 2**63 - 1


def whole_number(value: object) -> int:
    """The number that a text of digits (with blanks around it) or a whole number says.

    Args:
        value: as it came. A boolean is no number; neither are signs, fractions and digits beyond ASCII.

    Raises:
        ValueError: it is no whole number of zero or more.
        OverflowError: it is more than LARGEST.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{value!r} is not a whole number, zero or more")
    if len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise OverflowError(f"{text[:20]} is too large")
    return int(text)
