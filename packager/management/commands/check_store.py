"""``manage.py check_store``: whether what should be in the store is there, and nothing else."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.template.defaultfilters import filesizeformat

from packager.lifecycle import store_check
from packager.management.base import Facts, ReportCommand
from packager.models import Package


class Command(ReportCommand):
    """Compares the store with the tables."""

    help = (
        "Look for packages whose files are missing from the store, and for files that no package owns. With --repair "
        "the requests of missing packages expire, so that people can recreate them, and files are deleted that builds "
        "of this portal left more than a day ago. Files of strangers are counted and left alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to repair."""
        super().add_arguments(parser)
        parser.add_argument("--repair", action="store_true", help="put right what can be")

    def facts(self, *, repair: bool = False, **_: Any) -> Facts:
        """See ``ReportCommand``."""
        found = store_check.compare()
        facts: dict[str, Any] = {
            "packages": found.packages,
            "files": found.files,
            "bytes": found.size,
            "missing": [_package(package) for package in found.missing],
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
            f"{facts['packages']} packages should be in the store, which holds {facts['files']} files "
            f"({_size(facts['bytes'])}).",
            *_list("Missing", [f"{one['file_name']}, of {one['created_at']:.10}" for one in facts["missing"]]),
            *_list("Left by builds that died", [f"{one['name']} ({_size(one['bytes'])})" for one in facts["strays"]]),
        ]
        if facts["missing"] and not facts["files"]:
            lines.append("Not one file is there: is the disk mounted, the bucket the right one?")
        if facts["strangers"]:
            lines.append(f"Made by nobody known here, and left alone: {len(facts['strangers'])} files.")
        if done := facts.get("repaired"):
            lines.append(f"Marked as gone: {done['expired']}. Deleted: {done['deleted']}.")
        elif facts["missing"] or facts["strays"]:
            lines.append("Use --repair to mark missing packages as gone and to delete what was left.")
        return "\n".join(lines if len(lines) > 1 else [*lines, "All is well."])


def _package(package: Package) -> dict[str, Any]:
    return {
        "id": str(package.pk),
        "file_name": package.file_name,
        "stored_as": package.stored_as,
        "created_at": package.created_at.isoformat(),
    }


def _size(count: int) -> str:
    return filesizeformat(count).replace("\xa0", " ")


def _list(title: str, entries: list[str]) -> list[str]:
    return [f"{title}: {len(entries)}", *(f"  {entry}" for entry in entries)] if entries else []
