"""Filters of the staff's pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template

register = template.Library()


@register.filter
def duration(seconds: float | None) -> str:
    """A time that is left or was taken, in the largest unit that says enough: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@register.filter
def number(value: float | None) -> str:
    """With commas, for tables of thousands of numbers: ``intcomma`` takes ten times as long."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


@register.filter
def total(rows: Iterable[dict[str, Any]], name: str) -> int:
    """The sum of ``name`` in all rows."""
    return sum(row[name] or 0 for row in rows)
