"""The staff's pages of pushes: what runs, what failed and why, figures of each resource."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from packager.admin import display
from packager.admin.base import SEE_TRACEBACKS, StaffAdmin, log, staff
from packager.titles import Titles, label
from pusher import lifecycle, running
from pusher.models import ENDED, UNDER_WAY, PushJob, State
from pusher.overview import overview
from pusher.submission import Submission

OPERATE = "pusher.operate_pushjob"
REQUESTED = display.moment("created_at", "Requested")
#: Resources that the page of figures shows.
MOST = 200


def _retry(job: PushJob, actor: str) -> PushJob | None:
    return job if running.retry(job) else None


def _cancel(job: PushJob, actor: str) -> PushJob | None:
    return job if lifecycle.cancel(job, actor) else None


def _try(job: PushJob, actor: str) -> PushJob | None:
    """A dry run of the same resource, with what is public."""
    metadata = {"ckan_url": job.ckan_url, "resource_id": job.resource_id, "dry_run": True}
    return lifecycle.submit(Submission.new(job.job_type, "", metadata))[0]


#: Name -> what it does, what its button says, what was done, in which states it is offered.
ACTIONS: dict[str, tuple[Callable[[PushJob, str], PushJob | None], str, str, tuple[str, ...]]] = {
    "retry": (_retry, "Retry", "queued again", ENDED),
    "cancel": (_cancel, "Cancel", "cancelled", UNDER_WAY),
    "try": (_try, "Dry run", "queued as a dry run", (*ENDED, *UNDER_WAY)),
}


def _keyless(job: PushJob) -> str:
    """Why a push that ended cannot be retried here; empty if it can, as far as its key is concerned."""
    if job.state not in ENDED or job.encrypted_api_key:
        return ""
    if job.dry_run:
        return "A dry run cannot be retried. Press “Dry run” for a new one."
    return (
        "The API key of this push has been erased, so it cannot be retried here. Press “Upload to DataStore” in CKAN."
    )


def _why_not(job: PushJob, label: str) -> str:
    other = f"This push is {job.state}, or another of its resource is under way: nothing to {label.lower()}."
    return (_keyless(job) if label == "Retry" else "") or other


@admin.register(PushJob)
class PushAdmin(StaffAdmin):
    """Pushes."""

    list_display = ("state_badge", "resource", "progress", "rate", REQUESTED, "cause")
    list_display_links = ("resource",)
    list_filter = ("state", "queue", "hook", "error_code", "dry_run", "created_at", "ckan_host")
    search_fields = ("title", "resource_id", "=job_id", "=error_reference")
    search_help_text = "Title or id of the resource, id of the job, reference of a failure"
    actions = ("retry_chosen", "cancel_chosen")
    change_list_template = "admin/pusher/pushjob/list.html"

    @admin.display(description="State", ordering="state")
    def state_badge(self, obj: PushJob) -> SafeString:
        """A badge."""
        return display.badge(obj.state)

    @admin.display(description="Resource", ordering="title")
    def resource(self, obj: PushJob) -> str:
        """Its title, as far as it is known."""
        return f"{obj} (dry run)" if obj.dry_run else str(obj)

    @admin.display(description="Progress")
    def progress(self, obj: PushJob) -> SafeString | str:
        """A bar while rows are written, else a number."""
        if obj.state == State.RUNNING and obj.rows_total:
            share = min(100, obj.rows_done * 100 // obj.rows_total)
            text = f"{intcomma(obj.rows_done)} of {intcomma(obj.rows_total)} rows"
            return format_html('<progress value="{0}" max="100" aria-label="{1}"></progress> {0}%', share, text)
        return f"{intcomma(obj.rows_done)} rows" if obj.rows_done else obj.step or "–"

    @admin.display(description="Rows/s")
    def rate(self, obj: PushJob) -> str:
        """See ``PushJob.rows_per_second``."""
        return "–" if obj.rows_per_second is None else intcomma(round(obj.rows_per_second))

    @admin.display(description="Cause")
    def cause(self, obj: PushJob) -> str:
        """The public sentence of a failure."""
        return str((obj.error or {}).get("message", ""))[:120]

    # -------------------------------------------------------------- actions

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """For those who may."""
        return super().get_actions(request) if request.user.has_perm(OPERATE) else {}

    @admin.action(description="Retry")
    def retry_chosen(self, request: HttpRequest, chosen: QuerySet[PushJob]) -> None:
        """Queue again what ended."""
        self._do_many(request, chosen, "retry")

    @admin.action(description="Cancel")
    def cancel_chosen(self, request: HttpRequest, chosen: QuerySet[PushJob]) -> None:
        """Stop what is under way."""
        self._do_many(request, chosen, "cancel")

    def _do_many(self, request: HttpRequest, chosen: QuerySet[PushJob], name: str) -> None:
        do, label, done, _ = ACTIONS[name]
        actor, jobs = staff(request).get_username(), list(chosen)
        changed = [job.pk for job in jobs if do(job, actor)]
        log(request, PushJob.objects.all(), changed, label)
        skipped = len(jobs) - len(changed)
        messages.success(request, f"{len(changed)} {done}" + (f", {skipped} skipped." if skipped else "."))
        for sentence in sorted({_keyless(job) for job in jobs} - {""} if name == "retry" else ()):
            messages.warning(request, sentence)

    def do_one(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """A button on the page of a push was pressed."""
        job = PushJob.objects.filter(pk=pk).first()
        if job is None or name not in ACTIONS or request.method != "POST":
            raise Http404
        if not request.user.has_perm(OPERATE):
            raise PermissionDenied
        do, label, done, _ = ACTIONS[name]
        changed = do(job, staff(request).get_username())
        if changed is None:
            messages.error(request, _why_not(job, label))
        else:
            log(request, PushJob.objects.all(), [pk], label)
            messages.success(request, f"{done.capitalize()}.")
        return HttpResponseRedirect(reverse("admin:pusher_pushjob_change", args=[(changed or job).pk]))

    # ---------------------------------------------------------------- pages

    def get_urls(self) -> list[URLPattern]:
        """Our pages come before the admin's own."""
        wrap = self.admin_site.admin_view
        return [
            path("resources/", wrap(self.resources), name="pusher_pushjob_resources"),
            path("<int:pk>/do/<str:name>/", wrap(self.do_one), name="pusher_pushjob_do"),
            path("<int:pk>/now/", wrap(self.now), name="pusher_pushjob_now"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        return super().changelist_view(request, {"title": "Pushes", "now": overview(), **(extra_context or {})})

    def resources(self, request: HttpRequest) -> HttpResponse:
        """Figures of each site, and of each resource."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found, sites = PushJob.objects.by_resource()[:MOST], PushJob.objects.by_site()[:MOST]
        rows = [{**row, "name": label(Titles(row["name"] or ""), row["resource_id"]) or "unknown"} for row in found]
        tables = [("sites", "By site", sites), ("resources", "By resource", rows)]
        context = {**self.admin_site.each_context(request), "title": "Pushes by site and resource", "tables": tables}
        return TemplateResponse(request, "admin/pusher/pushjob/resources.html", context)

    def now(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of a push's page that changes."""
        job = PushJob.objects.filter(pk=pk).first()
        if job is None or not self.has_view_permission(request, job):
            raise Http404
        return TemplateResponse(request, "admin/pusher/pushjob/now.html", self._now(job))

    def _now(self, job: PushJob) -> dict[str, Any]:
        return {
            "job": job,
            "badge": display.badge(job.state),
            "progress": self.progress(job),
            "logs": job.logs.all(),
            "version": job.state,
        }

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Everything about one push."""
        job = self.get_object(request, object_id)
        if job is None:
            raise Http404
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        operates, keyless = request.user.has_perm(OPERATE), _keyless(job)
        offered = [n for n, action in ACTIONS.items() if operates and job.state in action[3]]
        context = {
            **self.admin_site.each_context(request),
            **self._now(job),
            "title": str(job),
            "original": job,
            "opts": self.opts,
            "metadata": json.dumps(job.metadata, indent=2, ensure_ascii=False),
            "rate": self.rate(job),
            "actions": [(n, ACTIONS[n][1]) for n in offered if n != "retry" or not keyless],
            "keyless": keyless if operates and job.state != State.SUCCEEDED else "",
            "sees_tracebacks": request.user.has_perm(SEE_TRACEBACKS),
        }
        return TemplateResponse(request, "admin/pusher/pushjob/page.html", context)
