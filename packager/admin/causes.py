"""All errors of one cause: how they are listed, and what can be done about them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Max
from django.http import HttpRequest

from packager.admin.base import log, staff
from packager.admin.confirmation import WHEN_DONE, Question, ages, span_of
from packager.lifecycle import failures
from packager.lifecycle.failures import RetryPreview
from packager.models import PackageError, PackageRequest
from packager.querysets import ErrorQuerySet
from packager.sentences import count_of
from packager.titles import Titles, label

#: Resources named beside a cause.
NAMED = 2


def causes(errors: ErrorQuerySet) -> list[dict[str, Any]]:
    """One entry for each cause, as ``ErrorQuerySet.by_cause`` gives it, with the resources ``named`` beside it: their
    ids, and what they are called."""
    named: dict[str, list[tuple[str, str]]] = {}
    titles = {"resource": Max("request__resource_title"), "dataset": Max("request__dataset_title")}
    counted = errors.order_by().values_list("code", "resource_id").annotate(n=Count("pk"), **titles).order_by("-n")
    for code, resource_id, _, resource, dataset in counted[:500]:
        names = named.setdefault(code, [])
        if len(names) < NAMED:
            names.append((resource_id, label(Titles(resource, dataset), resource_id)))
    return [{**cause, "named": named.get(cause["code"], [])} for cause in errors.by_cause()]


@dataclass(frozen=True, slots=True)
class RetryAll:
    """Retry what failed for a cause of late, and is not resolved."""

    code: str

    def question(self) -> Question:
        """What to ask first."""
        found = failures.preview_retry(self.code)
        facts = [
            ("Cause", self.code),
            ("Requests", f"{found.count:,}"),
            ("Failed", span_of(found.oldest, found.newest)),
            ("Emails", f"{found.mails:,}, {WHEN_DONE}" if found.mails else "none"),
            *(("Skipped", part) for part in _left_out(found)),
        ]
        return Question(f"Retry {count_of(found.count, 'request')}?", found.count, facts)

    def do(self, request: HttpRequest) -> str:
        """Do it. Returns what came of it, in words."""
        found = failures.preview_retry(self.code)
        tally = failures.retry_cause(self.code, staff(request).get_username())
        log(request, PackageRequest.objects.all(), tally.done, f"Retry of all {self.code}")
        skipped = found.too_old + found.resolved + tally.left
        reasons = f" ({', '.join(_left_out(found))})" if found.left_out else ""
        return f"{len(tally.done):,} retried, {skipped:,} skipped{reasons}."


def _left_out(found: RetryPreview) -> list[str]:
    reasons = {
        f"failed more than {count_of(settings.PACKAGER_RETRY_MAX_AGE, 'day')} ago": found.too_old,
        "resolved": found.resolved,
        "without the CKAN key they need": found.without_key,
    }
    return [f"{number:,} {reason}" for reason, number in reasons.items() if number]


@dataclass(frozen=True, slots=True)
class ResolveAll:
    """Mark all open errors of a cause as resolved, with a note."""

    code: str
    note: str

    def question(self) -> Question:
        """What to ask first."""
        facts = [("Cause", self.code), *([("Note", self.note)] if self.note else [])]
        return about_resolving(PackageError.objects.of_cause(self.code), facts)

    def do(self, request: HttpRequest) -> str:
        """Do it. Returns what came of it, in words."""
        resolved = failures.resolve(PackageError.objects.of_cause(self.code), staff(request), self.note)
        return f"{resolved:,} resolved."


def about_resolving(errors: ErrorQuerySet, more: Sequence[tuple[str, str]] = ()) -> Question:
    """What to ask before these errors, all of them open, are marked as resolved."""
    count = errors.count()
    facts = [*more, ("Errors", f"{count:,}"), ("Happened", ages(errors, "at")), ("Emails", "none")]
    return Question(f"Mark {count_of(count, 'error')} as resolved?", count, facts)
