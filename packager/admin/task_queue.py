"""The tasks of django-q in the admin, as it shows them, but that running them again asks first and wants a right."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django_q.admin import FailAdmin, TaskAdmin, resubmit_task
from django_q.models import Failure, Success

from packager.admin.confirmation import Question, ages, ask
from packager.sentences import count_of

admin.site.unregister((Success, Failure))


class _Tasks:
    """Instead of an action that whoever may look could run, at once."""

    actions = ("run_again",)

    @admin.action(description="Run again", permissions=["change"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Queue the same tasks again."""
        here, count = request.get_full_path(), queryset.count()
        names = ", ".join(queryset.order_by().values_list("func", flat=True).distinct())
        facts = [("Tasks", names), ("Started", ages(queryset, "started")), ("Emails", "those that the tasks send")]
        warning = "Better retry a failed request from its page. Lost tasks are found automatically."
        question = Question(f"Run {count_of(count, 'task')} again?", count, facts, warning)
        if answer := ask(request, lambda: question, back=here, parent=(here, "Tasks")):
            return answer
        resubmit_task(self, request, queryset)
        messages.success(request, f"{count_of(count, 'task')} queued again.")
        return None


@admin.register(Success)
class SuccessAdmin(_Tasks, TaskAdmin):
    """Tasks that ended well."""


@admin.register(Failure)
class FailureAdmin(_Tasks, FailAdmin):
    """Tasks that failed."""
