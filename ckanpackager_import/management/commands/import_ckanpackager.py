"""``manage.py import_ckanpackager``"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from ckanpackager_import import env_file, statistics
from ckanpackager_import.mapping import Mapped, map_settings
from ckanpackager_import.old_database import OldDatabase, OldDatabaseError, path_of
from ckanpackager_import.old_settings import OldSettingsError, read

Answer = dict[str, Any]


class Command(BaseCommand):
    """Takes over an installation of ckanpackager."""

    help = (
        "Take over a ckanpackager installation: import its statistics, and add its settings to an .env file. The "
        "settings file is read, never run; values are never printed. Running it again changes nothing. Exits with 1 if "
        "something cannot be read or written; the database is then unchanged."
    )

    # The checks ask for settings that this command is there to bring.
    requires_system_checks: list[str] = []

    def add_base_argument(self, parser: CommandParser, *names: str, **options: Any) -> None:
        """Leave out Django's own ``--settings``: here it is the old file. ``manage.py`` does its part too."""
        if "--settings" not in names:
            super().add_base_argument(parser, *names, **options)

    def add_arguments(self, parser: CommandParser) -> None:
        """What to take over, and how to report."""
        parser.add_argument("--statistics", metavar="URL", help="the old STATS_DB, such as sqlite:////path/to/stats.db")
        parser.add_argument(
            "--settings", "--old-settings", metavar="FILE", dest="old_settings", help="the old ckanpackager_settings.py"
        )
        # What Django reads of its own option of this name, which add_base_argument left out.
        parser.set_defaults(settings=None)
        parser.add_argument(
            "--env-file", metavar="FILE", type=Path, help="the file to add settings to (default: the portal's .env)"
        )
        parser.add_argument("--dry-run", action="store_true", help="report what would be done; change nothing")
        parser.add_argument("--json", action="store_true", help="report as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Read all there is to read, then write."""
        if not options["statistics"] and not options["old_settings"]:
            raise CommandError("Nothing to do: give --statistics, --settings or both.")
        try:
            answer = _take_over(**options)
        except (OldDatabaseError, OldSettingsError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The portal's database cannot be used (did you run migrate?): {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        report = json.dumps(answer, indent=2, ensure_ascii=False) if options["json"] else "\n".join(_lines(answer))
        self.stdout.write(report)


def _take_over(
    *, statistics: str | None, old_settings: str | None, env_file: Path | None, dry_run: bool, **_: Any
) -> Answer:
    answer: Answer = {"dry_run": dry_run}
    mapped = map_settings(read(Path(old_settings))) if old_settings else None
    if statistics:
        answer["statistics"] = _records(statistics, dry_run, _anonymise(mapped))
    if mapped:
        answer["settings"] = _settings(mapped, env_file or Path(settings.BASE_DIR) / ".env", dry_run)
    return answer


def _anonymise(mapped: Mapped | None) -> bool:
    # What the old file says holds from the next start on: addresses must not slip in plain before that.
    wanted = mapped is not None and mapped.values.get("PACKAGER_ANONYMIZE_EMAILS") == "true"
    return wanted or settings.PACKAGER_ANONYMIZE_EMAILS


def _records(url: str, dry_run: bool, anonymise: bool) -> Answer:
    with OldDatabase(path_of(url)) as old:
        report = statistics.take_over(old, anonymise=anonymise, dry_run=dry_run).as_dict()
    return {**report, "anonymised": anonymise}


def _settings(mapped: Mapped, path: Path, dry_run: bool) -> Answer:
    there = env_file.names_in(path)
    new = {name: value for name, value in mapped.values.items() if name not in there}
    differing = [name for name in mapped.values if name in there and there[name] != _line(mapped, name)]
    if new and not dry_run:
        env_file.add(path, new)
    return {
        "file": str(path),
        "added": sorted(new),
        "kept": sorted(differing),
        "same": sorted(set(mapped.values) - set(new) - set(differing)),
        "left": mapped.left,
        "notes": mapped.notes,
        "to_set": [name for name in mapped.to_set if name not in there],
    }


def _line(mapped: Mapped, name: str) -> str:
    return env_file.line_of(name, mapped.values[name])


def _lines(answer: Answer) -> Iterator[str]:
    if answer["dry_run"]:
        yield "Nothing was changed. This is what would be done:"
    if "statistics" in answer:
        yield from _statistics_lines(answer["statistics"])
    if "settings" in answer:
        yield from _settings_lines(answer["settings"])


def _statistics_lines(report: Answer) -> Iterator[str]:
    yield "Statistics"
    for kind in ("requests", "errors"):
        taken = report[kind]
        yield f"  {kind}: {taken['new']} imported, {taken['known']} here already, {taken['refused']} skipped"
        yield from (f"    {number} skipped: {reason}" for reason, number in taken["reasons"].items())
    yield f"  addresses: {report['plain']} plain, {report['hashed']} already hashed"
    if report["hashed"] and not report["anonymised"]:
        yield "    set PACKAGER_ANONYMIZE_EMAILS=true, or the same people will be counted twice"
    for name, counts in report["balances"].items():
        yield f"  {name}: carried over from the old totals, which had no records of them: {_counts(counts)}"
    for name, counts in report["short"].items():
        yield f"  {name}: more records than the old totals, all counted now: {_counts(counts)}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)


def _settings_lines(report: Answer) -> Iterator[str]:
    yield f"Settings, in {report['file']}"
    yield from (f"  {name}: added" for name in report["added"])
    yield from (f"  {name}: already there with the same value" for name in report["same"])
    yield from (f"  {name}: already there with another value, which was kept" for name in report["kept"])
    yield from (f"  {name}: note: {note}" for name, note in report["notes"].items())
    yield from (f"  {name}: left out: {reason}" for name, reason in report["left"].items())
    if report["to_set"]:
        yield f"  still to be set, in this file or in the environment: {', '.join(report['to_set'])}"
