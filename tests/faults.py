"""``make faults``: causes every fault of the tests of processes, and prints what was expected and what was seen.

A test says which fault it causes, and what it expects, by ``@pytest.mark.fault("the fault", "what is expected")``; what
it measured it may give as the property ``seen``. The table goes to var/faults.json as well, a line as soon as it is
known: with ``--rest`` only those are caused that have not passed by then, and the table is of all.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "var" / "faults.json"
WIDTH = 44


class Table:
    """A plugin of pytest that collects a line for each fault, after those that are known."""

    def __init__(self, known: list[dict[str, str]]) -> None:
        self.lines = known
        self._known = {line["test"] for line in known}
        self._marks: dict[str, tuple[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Only tests that cause a fault of which nothing is known yet."""
        chosen = [item for item in items if item.get_closest_marker("fault") and item.nodeid not in self._known]
        for item in chosen:
            fault, expected = item.get_closest_marker("fault").args
            kind = f" [{item.callspec.id}]" if hasattr(item, "callspec") else ""
            self._marks[item.nodeid] = (fault + kind, expected)
        items[:] = chosen

    def pytest_runtest_logreport(self, report: Any) -> None:
        """One line when the test itself is over, or could not begin."""
        if report.when != "call" and report.passed:
            return
        fault, expected = self._marks[report.nodeid]
        seen = dict(report.user_properties).get("seen") or "as expected"
        if not report.passed:
            seen = f"{report.outcome}: {str(report.longrepr).strip().splitlines()[-1]}"
        line = {"fault": fault, "expected": expected, "seen": seen, "outcome": report.outcome, "test": report.nodeid}
        self.lines.append(line)
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(json.dumps(self.lines, indent=1, ensure_ascii=False))

    def show(self) -> None:
        """Print the table."""
        print(f"\n{'fault':{WIDTH}} | {'expected':{WIDTH}} | seen")
        for line in self.lines:
            print(f"{line['fault']:{WIDTH}} | {line['expected']:{WIDTH}} | {line['seen']}")


def main() -> int:
    """Run them, the long forms included. The exit code is that of pytest, and 0 if nothing was left to do."""
    os.environ["PACKAGING_PORTAL_LONG"] = "1"
    rest = "--rest" in sys.argv and TARGET.exists()
    table = Table([line for line in json.loads(TARGET.read_text()) if line["outcome"] == "passed"] if rest else [])
    places = [place for place in sys.argv[1:] if place != "--rest"] or ["tests/processes"]
    code = pytest.main(["-q", "-p", "no:cacheprovider", "--show-capture=no", *places], plugins=[table])
    table.show()
    return 0 if rest and code == pytest.ExitCode.NO_TESTS_COLLECTED else int(code)


if __name__ == "__main__":
    sys.exit(main())
