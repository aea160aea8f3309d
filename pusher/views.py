"""The endpoints of DataPusher: JSON, no CSRF, with and without a slash at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import ceil
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

from packager.errors import RequestError
from packager.security import throttles
from packager.security.api_keys import digest
from pusher import lifecycle, maintenance, submission, wire
from pusher.models import ENDED, UNDER_WAY, PushJob, State

VERSION = 0.1
HELP = "Loads files into the DataStore of CKAN. POST a job to /job; see docs/pusher.md for the rest."
#: Bytes of a body; what CKAN sends has a few hundred.
MOST_BYTES = 1 << 20
#: Where a list may begin and end; their sum is still a number for every database.
LARGEST = 1 << 31
STATES = {"pending": UNDER_WAY, "complete": (State.SUCCEEDED,), "error": (State.FAILED, State.CANCELLED)}

View = Callable[..., HttpResponse]


def _problem(sentence: object, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)


def _methods(**views: View) -> View:
    """One address, a view for each method."""

    @csrf_exempt
    def dispatch(request: HttpRequest, **arguments: Any) -> HttpResponse:
        view = views.get("GET" if request.method == "HEAD" else request.method or "")
        return view(request, **arguments) if view else HttpResponseNotAllowed(sorted(views))

    return dispatch


# ------------------------------------------------------------------ all of them


def _help(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"help": HELP})


def _status(request: HttpRequest) -> JsonResponse:
    stats = {name: PushJob.objects.filter(state__in=states).count() for name, states in STATES.items()}
    types = list(submission.JOB_TYPES)
    return JsonResponse({"version": VERSION, "job_types": types, "name": "datapusher", "stats": stats})


def _list(request: HttpRequest) -> JsonResponse:
    asked = request.GET.dict()
    try:
        limit, offset = _number(asked.pop("_limit", "100")), _number(asked.pop("_offset", "0"))
    except ValueError:
        return _problem("_limit and _offset have to be whole numbers", 409)
    jobs = PushJob.objects.all()
    if status := asked.pop("_status", ""):
        jobs = jobs.filter(state__in=STATES.get(status, ()))
    for name, value in asked.items():
        jobs = jobs.filter(pk__in=[job.pk for job in jobs.only("pk", "metadata") if _has(job, name, value)])
    ids = jobs.values_list("job_id", flat=True)[max(0, offset) : max(0, offset) + max(0, limit)]
    return JsonResponse({"list": [f"/pusher/job/{job_id}" for job_id in ids]})


def _number(text: str) -> int:
    """A whole number that a database takes. Raises ValueError."""
    return max(-LARGEST, min(int(text), LARGEST))


def _has(job: PushJob, name: str, value: str) -> bool:
    """Whether the metadata hold ``value``: as text, or as JSON writes it."""
    if name not in job.metadata:
        return False
    found = job.metadata[name]
    return value == (found if isinstance(found, str) else json.dumps(found))


def _post(request: HttpRequest, job_id: str | None = None) -> JsonResponse:
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return _problem("The job is too large", 409)
    try:
        job, key = lifecycle.submit(submission.read(request.body, job_id))
    except RequestError as error:
        return _problem(error.problem, 409)
    except IntegrityError:
        return _problem(f"job_id {job_id} already exists", 409)
    return JsonResponse(wire.job_dict(job, job_key=key))


def _delete_old(request: HttpRequest) -> JsonResponse:
    if refusal := _refusal(request):
        return refusal
    try:
        days = float(request.GET.get("days", settings.PUSHER_KEEP_DAYS))
    except ValueError:
        return _problem("days has to be a number", 409)
    maintenance.delete_old(max(0.0, min(days, 36500.0)))
    return JsonResponse({"success": True})


# -------------------------------------------------------------------- one of them


def _of_job(view: View) -> View:
    """Finds the job and checks the key, in the order that DataPusher has."""

    def found(request: HttpRequest, job_id: str) -> HttpResponse:
        # a database need not take a NUL even to look for it
        job = None if "\0" in job_id else PushJob.objects.filter(job_id=job_id).first()
        if job is None:
            return _problem("job_id not found", 404)
        return _refusal(request, job) or view(request, job)

    return found


def _refusal(request: HttpRequest, job: PushJob | None = None) -> JsonResponse | None:
    """Nothing for staff, and for who holds the key of ``job`` or the secret. Guessing the secret is braked."""
    given = request.headers.get("Authorization", "")
    if job is not None and constant_time_compare(digest(given), job.job_key_digest):
        return None
    if request.user.is_active and request.user.has_perm("pusher.operate_pushjob"):
        return None
    guesses, rate = f"secret:{request.META.get('REMOTE_ADDR', '')}", settings.PACKAGER_THROTTLE_SECRET
    wait = throttles.wait(guesses, rate)
    if not wait and settings.PUSHER_SECRET and constant_time_compare(given, settings.PUSHER_SECRET):
        return None
    if given and not wait:
        wait = throttles.take(guesses, rate)  # others may have guessed at the same moment
    if wait:
        braked = _problem("Too many wrong keys", 429)
        braked["Retry-After"] = str(ceil(wait))
        return braked
    return _problem("not authorized", 403)


def _show(request: HttpRequest, job: PushJob) -> JsonResponse:
    limit = request.GET.get("limit", "")[:9]
    return JsonResponse(wire.job_dict(job, limit=int(limit) if limit.isascii() and limit.isdecimal() else None))


def _data(request: HttpRequest, job: PushJob) -> HttpResponse:
    if job.error:
        return _problem(job.error, 409)
    content = json.dumps(job.result) if job.result is not None else ""
    return HttpResponse(content, content_type="application/json")


def _delete(request: HttpRequest, job: PushJob) -> JsonResponse:
    # CKAN shows the key to everybody
    gone, _ = PushJob.objects.filter(pk=job.pk, state__in=ENDED).delete()
    return JsonResponse({"success": True}) if gone else _problem("The job is under way", 409)


home = _methods(GET=_help)
status = _methods(GET=_status)
jobs = _methods(GET=_list, POST=_post, DELETE=_delete_old)
job = _methods(GET=_of_job(_show), POST=_post, DELETE=_of_job(_delete))
data = _methods(GET=_of_job(_data))
