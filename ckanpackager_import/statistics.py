"""The records of an old database into our tables, each row once, however often this runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import transaction

from ckanpackager_import.old_database import OldDatabase, OldTotal, Row, import_key, whole
from stats import daily_totals
from stats.anonymise import domain_of, hash_email, is_hashed
from stats.models import ALL, ErrorRecord, OpeningBalance, PersonalRecord, RequestRecord
from stats.rebuild import rebuild

BATCH = 500
COUNTERS = ("requests", "errors", "emails")


class _DryRun(Exception):
    """Takes the transaction back at the end of a dry run."""


@dataclass
class Taken:
    """What became of the rows of one table."""

    new: int = 0
    known: int = 0
    refused: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str) -> None:
        """One row cannot be taken over."""
        self.refused += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


@dataclass
class Report:
    """What was taken over. ``balances``: by resource, what the old totals hold beyond the old records; ``short``: what
    the old records hold beyond the old totals, where the records win."""

    requests: Taken = field(default_factory=Taken)
    errors: Taken = field(default_factory=Taken)
    balances: dict[str, dict[str, int]] = field(default_factory=dict)
    short: dict[str, dict[str, int]] = field(default_factory=dict)
    plain: int = 0
    hashed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass
class Counted:
    """What the records of the old database give, by resource and in all (``*``)."""

    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    people: dict[str, set[str]] = field(default_factory=dict)

    def of(self, resource_id: str) -> dict[str, int]:
        """The three counts of one resource or all."""
        emails = len(self.people.get(resource_id, ()))
        return {"requests": self.requests[resource_id], "errors": self.errors[resource_id], "emails": emails}

    def add_request(self, record: RequestRecord) -> None:
        """Count a served request and who made it."""
        self.requests.update((record.resource_id, ALL))
        if record.email:
            for name in (record.resource_id, ALL):
                self.people.setdefault(name, set()).add(daily_totals.requester_key(record.email))

    def add_error(self, record: ErrorRecord) -> None:
        """Count a failure."""
        self.errors.update((record.resource_id, ALL))


def take_over(old: OldDatabase, *, anonymise: bool, dry_run: bool = False) -> Report:
    """Take over every record, and the difference to the old totals as opening balance.

    All or nothing, in one transaction, which a dry run takes back at its end. ``anonymise`` hashes plain addresses on
    the way. Raises OldDatabaseError.
    """
    reader = _Reader(old, hash_email if anonymise else str)
    try:
        with transaction.atomic():
            daily_totals.lock()
            _store(RequestRecord, reader.requests(), reader.report.requests)
            _store(ErrorRecord, reader.errors(), reader.report.errors)
            if reader.report.requests.new or reader.report.errors.new:
                rebuild()
            _balance(old, reader.counted, reader.report)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return reader.report


class _Reader:
    """Makes records of old rows, and counts on the way. Hashes are made first: they take time, and the transaction
    that follows keeps others waiting."""

    def __init__(self, old: OldDatabase, kept: Callable[[str], str]) -> None:
        self.old, self.report, self.counted = old, Report(), Counted()
        rows = (row for table in ("requests", "errors") for row in old.rows(table))
        self.addresses = {address: kept(address) for address in {_address(row) for row in rows}}

    def requests(self) -> Iterator[RequestRecord]:
        for row in self.old.rows("requests"):
            common = self._common("requests", row, self.report.requests)
            if common:
                record = RequestRecord(**common, rows=whole(row.get("count")))
                self.counted.add_request(record)
                yield record

    def errors(self) -> Iterator[ErrorRecord]:
        for row in self.old.rows("errors"):
            common = self._common("errors", row, self.report.errors)
            if common:
                record = ErrorRecord(**common, message=_text(row.get("message")))
                self.counted.add_error(record)
                yield record

    def _common(self, table: str, row: Row, taken: Taken) -> dict[str, Any] | None:
        """The fields both kinds of record have; None, and a reason in the report, for a row that cannot be kept."""
        at, resource_id, address = _moment(row.get("timestamp")), _text(row.get("resource_id")), _address(row)
        problem = _problem(at, resource_id, address)
        if problem:
            taken.refuse(problem)
            return None
        self.report.hashed += int(is_hashed(address))
        self.report.plain += int(bool(address) and not is_hashed(address))
        return {
            "at": at,
            "resource_id": resource_id,
            "email": self.addresses[address],
            "domain": _domain(row, address),
            "import_key": import_key(table, row),
        }


def _problem(at: datetime | None, resource_id: str, address: str) -> str:
    if at is None:
        return "no readable timestamp"
    if not resource_id or len(resource_id) > 255:
        return "no resource id, or one of more than 255 characters"
    return "an address of more than 320 characters" if len(address) > 320 else ""


def _address(row: Row) -> str:
    return _text(row.get("email")).strip()


def _domain(row: Row, address: str) -> str:
    # The original wrote the whole address here where it had no domain; that would undo the hashing.
    written = _text(row.get("domain")).strip().lower() if is_hashed(address) else ""
    return (domain_of(address) or written)[:255]


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(value), tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _text(value: Any) -> str:
    # PostgreSQL keeps no NUL in text.
    return "" if value is None else str(value).replace("\0", "\N{REPLACEMENT CHARACTER}")


def _store(model: type[PersonalRecord], records: Iterator[Any], taken: Taken) -> None:
    while batch := list(islice(records, BATCH)):
        keys = [record.import_key for record in batch]
        known = set(model._default_manager.filter(import_key__in=keys).values_list("import_key", flat=True))
        new = [record for record in batch if record.import_key not in known]
        model._default_manager.bulk_create(new)
        taken.new += len(new)
        taken.known += len(batch) - len(new)


def _balance(old: OldDatabase, counted: Counted, report: Report) -> None:
    source = old.identity()
    for total in old.totals():
        beyond, short = _difference(total, counted.of(total.resource_id))
        if any(short.values()):
            report.short[total.resource_id] = short
        if any(beyond.values()):
            report.balances[total.resource_id] = beyond
        OpeningBalance.objects.update_or_create(source=source, resource_id=total.resource_id, defaults=beyond)


def _difference(total: OldTotal, counted: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    gap = {name: getattr(total, name) - counted[name] for name in COUNTERS}
    return {name: max(0, value) for name, value in gap.items()}, {name: max(0, -value) for name, value in gap.items()}
