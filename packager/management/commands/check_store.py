"""``manage.py check_store``: whether what should be in the store is there, and nothing else."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.template.defaultfilters import filesizeformat

from packager.lifecycle import store_check
from packager.management.base import Facts, ReportCommand


class Command(ReportCommand):
    """Compares the store with the tables."""

    help = (
        "Look for packages whose files are missing from the store, and for files that belong to no package. With "
        "--repair, the requests of missing packages expire, so that people can recreate them, and files that crashed "
        "builds left behind more than a day ago are deleted. Files of other programs are counted and left alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to repair."""
        super().add_arguments(parser)
        parser.add_argument("--repair", action="store_true", help="fix what can be fixed")

    def facts(self, *, repair: bool = False, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        found = store_check.compare()
        facts: dict[str, Any] = {
            "packages": found.packages,
            "files": found.files,
            "bytes": found.size,
            "missing": [
                {
                    "id": str(package.pk),
                    "file_name": package.file_name,
                    "stored_as": package.stored_as,
                    "created_at": package.created_at.isoformat(),
                }
                for package in found.missing
            ],
            "strays": [{"name": file.name, "bytes": file.size} for file in found.strays],
            "strangers": [{"name": file.name, "bytes": file.size} for file in found.strangers],
        }
        if repair:
            done = store_check.repair(found)
            facts["repaired"] = {"expired": done.packages, "deleted": done.files}
        return facts

    def words(self, facts: Facts) -> str:
        """See ``ReportCommand``."""
        lines = [
            f"{facts['packages']:,} packages should be in the store, which has {facts['files']:,} files "
            f"({_size(facts['bytes'])}).",
            *_list("Missing", [f"{one['file_name']}, of {one['created_at']:.10}" for one in facts["missing"]]),
            *_list(
                "Left behind by crashed builds", [f"{one['name']} ({_size(one['bytes'])})" for one in facts["strays"]]
            ),
        ]
        if facts["missing"] and not facts["files"]:
            lines.append("There is not a single file. Is the disk mounted? Is it the right bucket?")
        if facts["strangers"]:
            lines.append(f"Files of other programs, left alone: {len(facts['strangers'])}.")
        if done := facts.get("repaired"):
            lines.append(f"Missing packages expired: {done['expired']}. Leftover files deleted: {done['deleted']}.")
        elif facts["missing"] or facts["strays"]:
            lines.append("Use --repair to expire missing packages and to delete leftover files.")
        return "\n".join(lines if len(lines) > 1 else [*lines, "No problems found."])


def _size(count: int) -> str:
    return filesizeformat(count).replace("\xa0", " ")


def _list(title: str, entries: list[str]) -> list[str]:
    return [f"{title}: {len(entries)}", *(f"  {entry}" for entry in entries)] if entries else []
