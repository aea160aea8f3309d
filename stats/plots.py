"""Numbers over time, as a plot draws them and as the table below it shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

Number = float | int | None


@dataclass(frozen=True, slots=True)
class Plot:
    """Series over the same days.

    ``name`` is unique on its page, where it is an id; ``series`` has a label and as many values as days; ``unit`` is
    ``bytes`` where they are to be read as sizes.
    """

    name: str
    title: str
    days: Sequence[date]
    series: dict[str, list[Number]]
    unit: str = ""

    @property
    def spec(self) -> dict[str, Any]:
        """For the script that draws: ``times`` in UNIX seconds, ``series`` with ``label`` and ``values``, ``unit``."""
        times = [int(datetime.combine(day, time(), UTC).timestamp()) for day in self.days]
        return {
            "times": times,
            "unit": self.unit,
            "series": [{"label": name, "values": row} for name, row in self.series.items()],
        }

    @property
    def table(self) -> list[tuple[date, tuple[Number, ...]]]:
        """The same numbers, the newest first."""
        return list(zip(self.days, zip(*self.series.values(), strict=True), strict=True))[::-1]


def plot(
    name: str,
    title: str,
    days: Sequence[date],
    rows: Iterable[dict[str, Any]],
    columns: dict[str, str],
    unit: str = "",
) -> Plot:
    """A plot of ``columns`` (names in the rows -> labels); a day without a row counts as nothing.

    Args:
        rows: each with its ``day``.
        unit: see ``Plot``.
    """
    by_day = {row["day"]: row for row in rows}
    series = {label: [by_day.get(day, {}).get(column, 0) for day in days] for column, label in columns.items()}
    return Plot(f"plot-{name}", title, days, series, unit)
