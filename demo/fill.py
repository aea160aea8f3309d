"""Fills an empty portal with as many requests as a busy year leaves, to see how it behaves then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from packager.models import Delivery, Package, PackageError, PackageRequest, RequestHistory, Status
from packager.storage.file_names import download_name
from packager.titles import Titles
from stats import rebuild
from stats.models import BuildRecord, DownloadRecord, ErrorRecord, RequestRecord, ResourceName

BATCH = 5000
HOST = "data.example.org"
#: Of the titles of resources and datasets.
GROUPS = ("Beetles", "Birds", "Butterflies", "Ferns", "Fishes", "Fungi", "Lichens", "Mammals", "Minerals", "Mosses")
PLACES = (
    "Brazil",
    "the Alps",
    "the Andes",
    "the Baltic Sea",
    "Borneo",
    "Iceland",
    "Japan",
    "Kenya",
    "Peru",
    "Scotland",
)
FORMATS = ("csv", "csv", "csv", "tsv", "xlsx", "jsonl", "dwca", "parquet")
DOMAINS = ("example.org", "example.com", "museum.example", "university.example", "garden.example")
CODES = ("source_timeout", "source_busy", "resource_not_found", "not_permitted", "incomplete_data", "store_full")
STATES = (Status.SUCCEEDED, Status.EXPIRED, Status.EXPIRED, Status.EXPIRED, Status.CANCELLED)


class Filler:
    """Makes ``requests`` requests, of which ``errors`` failed, over the last ``days`` days.

    The same ``seed`` makes the same numbers. Everything is made in memory by the batch, without signals or events.
    """

    def __init__(self, requests: int, errors: int, days: int = 365, seed: int = 1) -> None:
        self.requests, self.errors, self.days = requests, errors, days
        self.random = random.Random(seed)
        self.now = timezone.now()
        self.resources = [str(UUID(int=self.random.getrandbits(128), version=4)) for _ in range(200)]
        self.titles = {resource_id: _titles(number) for number, resource_id in enumerate(self.resources)}

    @transaction.atomic
    def fill(self) -> None:
        """Make them all, and the statistics of them."""
        made = self._requests()
        while batch := list(islice(made, BATCH)):
            self._save(batch)
        names = ({"resource_id": name, **titles.columns} for name, titles in self.titles.items() if titles)
        told = {"ckan_host": HOST, "public": True, "at": self.now}
        ResourceName.objects.bulk_create((ResourceName(**name, **told) for name in names), ignore_conflicts=True)
        rebuild.rebuild()

    def _requests(self) -> Iterator[PackageRequest]:
        failing = set(self.random.sample(range(self.requests), min(self.errors, self.requests)))
        for number in range(self.requests):
            yield self._request(number, number in failing)

    def _request(self, number: int, failed: bool) -> PackageRequest:
        at = self.now - timedelta(days=self.days) * (1 - number / self.requests)
        rows = int(self.random.lognormvariate(9, 2))
        finished = at + timedelta(seconds=1 + rows / 50_000)
        request = PackageRequest(
            kind="datastore",
            resource_id=self._resource(),
            ckan_host=HOST,
            api_url=f"https://{HOST}/api/3/action/datastore_search",
            parameters={"filters": {"year": [self.random.randint(1800, 2026)]}},
            format=self.random.choice(FORMATS),
            email=self._address(),
            fingerprint=f"{number:064x}",
            queue="slow" if rows > 50_000 else "fast",
            status=Status.FAILED if failed else self._state(number),
            attempt=1,
            rows_done=rows,
            rows_total=rows,
            created_at=at,
            queued_at=at,
            started_at=at,
            heartbeat_at=finished,
            finished_at=finished,
        )
        request.titles = self.titles[request.resource_id]
        return self._with_fault(request) if failed else request

    def _state(self, number: int) -> Status:
        return Status.SUCCEEDED if number > self.requests * 0.98 else self.random.choice(STATES)

    def _resource(self) -> str:
        # a few resources are asked for by most people
        return self.resources[int(len(self.resources) * self.random.random() ** 3)]

    def _address(self) -> str:
        return f"person{int(5000 * self.random.random() ** 2)}@{self.random.choice(DOMAINS)}"

    def _with_fault(self, request: PackageRequest) -> PackageRequest:
        request.error_code = self.random.choice(CODES)
        request.error_reference = f"PP-{request.fingerprint[-8:].upper()}"
        request.error_message = "The data could not be read from the data portal."
        request.rows_done //= 2
        return request

    def _save(self, requests: list[PackageRequest]) -> None:
        served = [request for request in requests if request.status in (Status.SUCCEEDED, Status.EXPIRED)]
        for request in served:
            request.package = self._package(request)
        _insert(request.package for request in served)
        _insert(requests)
        _insert(line for request in requests for line in _history(request))
        _insert(_error(request) for request in requests if request.error_code)
        _insert(_delivery(request) for request in requests if request.status != Status.CANCELLED)
        for rows in _records(requests, served):
            _insert(rows)

    def _package(self, request: PackageRequest) -> Package:
        created, number = request.finished_at or self.now, request.fingerprint[-32:]
        gone = request.status == Status.EXPIRED
        return Package(
            fingerprint=request.fingerprint,
            stored_as=f"{number[-2:]}/{number}.zip",
            file_name=download_name(request.dataset_title, request.resource_label, request.format, created.date()),
            resource_id=request.resource_id,
            **request.titles.columns,
            format=request.format,
            size=200 + request.rows_done * 60,
            rows=request.rows_done,
            sha256=request.fingerprint,
            build_seconds=(created - request.created_at).total_seconds(),
            downloads=1,
            bytes_served=200 + request.rows_done * 60,
            created_at=created,
            expires_at=created + timedelta(days=7),
            deleted_at=created + timedelta(days=7) if gone else None,
        )


def _titles(number: int) -> Titles:
    """Those of the resource with this number. A few are private, so that nobody knows them."""
    if number % 25 == 24:
        return Titles()
    group, place = GROUPS[number % 10], PLACES[number // 10 % 10]
    kind = "Specimens" if number < 100 else "Images"
    return Titles(f"{group} of {place}: {kind.lower()}", f"{kind} from {place}", "Example Museum", f"dataset-{number}")


def _insert(rows: Any) -> None:
    made: list[models.Model] = list(rows)
    if made:
        type(made[0])._default_manager.bulk_create(made)


def _history(request: PackageRequest) -> Iterator[RequestHistory]:
    started, finished = request.started_at or request.created_at, _end(request)
    steps: tuple[tuple[str, str, datetime], ...] = (
        ("", Status.QUEUED, request.created_at),
        (Status.QUEUED, Status.RUNNING, started),
        (Status.RUNNING, request.status, finished),
    )
    for before, after, at in steps:
        yield RequestHistory(request=request, from_status=before, to_status=after, at=at, attempt=1)


def _error(request: PackageRequest) -> PackageError:
    return PackageError(
        request=request,
        reference=request.error_reference,
        resource_id=request.resource_id,
        attempt=1,
        code=request.error_code,
        retryable=True,
        message=request.error_message,
        detail="Traceback (most recent call last):\n  ...\npackager.errors.SourceTimeout",
        at=_end(request),
    )


def _end(request: PackageRequest) -> datetime:
    return request.finished_at or request.created_at


def _delivery(request: PackageRequest) -> Delivery:
    at = _end(request)
    subject = Delivery.Subject.FAILED if request.error_code else Delivery.Subject.READY
    return Delivery(
        request=request,
        subject=subject,
        address=request.email,
        state=Delivery.State.SENT,
        attempts=1,
        created_at=at,
        next_attempt_at=at,
        sent_at=at,
    )


def _records(requests: list[PackageRequest], served: list[PackageRequest]) -> Iterator[list[models.Model]]:
    yield [
        RequestRecord(
            **_common(r), **_person(r), rows=r.rows_done, size=r.package.size, seconds=r.package.build_seconds
        )
        for r in served
        if r.package
    ]
    yield [
        BuildRecord(**_common(r), rows=r.rows_done, size=r.package.size, seconds=r.package.build_seconds)
        for r in served
        if r.package
    ]
    yield [DownloadRecord(**_common(r), size=r.package.size) for r in served if r.package]
    failed = [r for r in requests if r.error_code]
    yield [ErrorRecord(**_common(r), **_person(r), message=r.error_message, code=r.error_code) for r in failed]


def _common(request: PackageRequest) -> dict[str, Any]:
    same = ("resource_id", "ckan_host", "format")
    return {"at": request.finished_at, "request_id": request.pk, **{name: getattr(request, name) for name in same}}


def _person(request: PackageRequest) -> dict[str, str]:
    return {"email": request.email, "domain": request.email.rpartition("@")[2]}
