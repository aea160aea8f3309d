"""What the API says of requests, packages and failures. Webhooks say it in the same words."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from packager import turns
from packager.models import Kind, PackageError, PackageRequest, Queue, Status
from packager.presentation.translation import notes_of
from packager.submission import FIELDS


class PackageMemberSerializer(serializers.Serializer[Any]):
    """A file inside a package."""

    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes, uncompressed.")


class PackageSerializer(serializers.Serializer[Any]):
    """Where the package of a request is, and what is known about it."""

    url = serializers.CharField(source="download_url", help_text="Needs no key: anyone with the link can download.")
    file_name = serializers.CharField(source="package.file_name")
    size = serializers.IntegerField(source="package.size", help_text="Bytes.")
    sha256 = serializers.CharField(source="package.sha256", help_text="Checksum of the ZIP file, in hexadecimal.")
    rows = serializers.IntegerField(source="package.rows", allow_null=True, help_text="null for a file.")
    members = serializers.SerializerMethodField()
    notes = serializers.SerializerMethodField(help_text="What could not be checked or had to be changed.")
    created_at = serializers.DateTimeField(source="package.created_at")
    expires_at = serializers.DateTimeField(source="package.expires_at")

    @extend_schema_field(PackageMemberSerializer(many=True))
    def get_members(self, request: PackageRequest) -> list[dict[str, Any]]:
        """The files inside."""
        members = request.package.members if request.package else []
        return [{"name": name, "size": size} for name, size in members]

    def get_notes(self, request: PackageRequest) -> list[str]:
        """In English, whoever reads them."""
        return [str(note) for note in notes_of(request.package)] if request.package else []


class ProgressSerializer(serializers.Serializer[Any]):
    """How far the build is; for a request that joined another, how far that one is."""

    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField(allow_null=True, help_text="null if unknown.")
    bytes_done = serializers.IntegerField(help_text="Bytes read so far; once it is done, the size of the package.")
    bytes_total = serializers.IntegerField(allow_null=True)


class FailureSerializer(serializers.Serializer[Any]):
    """Why a request failed."""

    code = serializers.CharField(source="error_code", help_text="Stable; `/api/v1/problems/` lists them.")
    message = serializers.CharField(source="error_message")
    reference = serializers.CharField(source="error_reference", help_text="Quote it when you ask the portal's staff.")


class PackageRequestSerializer(serializers.Serializer[Any]):
    """A request. The CKAN key that came with it is never shown."""

    # context["reader"] is the API key of whoever reads; the owner's own names are for the owner alone

    id = serializers.UUIDField()
    url = serializers.SerializerMethodField(help_text="The address of this request in the API.")
    status_url = serializers.CharField(help_text="The requester's page; needs no key.")
    status = serializers.ChoiceField(choices=Status.values)
    kind = serializers.ChoiceField(choices=Kind.values)
    resource_id = serializers.CharField()
    resource_title = serializers.CharField(help_text="The title at the data portal; empty while it is unknown.")
    dataset_title = serializers.CharField(help_text="The title of its dataset; empty while it is unknown.")
    organization_title = serializers.CharField(
        help_text="The title of the organization that published it; empty while it is unknown."
    )
    ckan_host = serializers.CharField()
    api_url = serializers.CharField(help_text="Empty for a file.")
    resource_url = serializers.CharField(help_text="Empty for a table.")
    query = serializers.DictField(
        source="parameters", help_text="The parameters of `datastore_search` that were given."
    )
    format = serializers.CharField(help_text="Empty for a file, which is packed unchanged.")
    options = serializers.DictField(help_text="Options of the format.")
    queue = serializers.ChoiceField(
        choices=Queue.values, help_text="`fast` at first; large requests move on to `slow`."
    )
    place = serializers.SerializerMethodField(
        help_text="How many requests are ahead of it; null in lists, and unless it is queued."
    )
    cached = serializers.BooleanField(help_text="Whether it was served from an existing package.")
    progress = ProgressSerializer(source="building")
    failure = serializers.SerializerMethodField(help_text="null unless it failed.")
    package = serializers.SerializerMethodField(help_text="null before it is ready and after it has expired.")
    requester = serializers.CharField(
        read_only=True, help_text="Your name for the person who asked; empty in other people's requests."
    )
    idempotency_key = serializers.CharField(
        read_only=True, help_text="Your name for the call; empty in other people's requests."
    )
    created_at = serializers.DateTimeField()
    queued_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(source="building.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Those above, and those that the list in ``packager.submission`` names."""
        told = {rule.api: (rule.column or name) for name, rule in FIELDS.items() if rule.api and not rule.secret}
        sources = {called: None if called == column else column for called, column in told.items()}
        return {**{name: serializers.CharField(source=s) for name, s in sources.items()}, **super().get_fields()}

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, request: PackageRequest) -> str:
        """Where the API has it."""
        return settings.PUBLIC_URL + reverse("v1:request", args=[request.pk])

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_place(self, request: PackageRequest) -> int | None:
        """Its place in the queue."""
        in_a_list = self.parent is not None  # one more query for each entry
        if request.status != Status.QUEUED or in_a_list:
            return None
        place = turns.place(request.building)
        return place.ahead if place else 0

    def to_representation(self, request: PackageRequest) -> dict[str, Any]:
        """All of it for the owner; others are not told the owner's names for the requester and the call."""
        told, reader = super().to_representation(request), self.context.get("reader")
        if reader is None or reader.pk != request.api_key_id:
            told |= {"requester": "", "idempotency_key": ""}
        return told

    @extend_schema_field(FailureSerializer(allow_null=True))
    def get_failure(self, request: PackageRequest) -> dict[str, Any] | None:
        """Why it failed."""
        return FailureSerializer(request).data if request.status == Status.FAILED else None

    @extend_schema_field(PackageSerializer(allow_null=True))
    def get_package(self, request: PackageRequest) -> dict[str, Any] | None:
        """What came of it."""
        there = request.status == Status.SUCCEEDED and request.package is not None
        return PackageSerializer(request).data if there else None


class ErrorSerializer(serializers.ModelSerializer[PackageError]):
    """A failure of a build."""

    request = serializers.UUIDField(source="request_id", help_text="The request that failed.")
    resource_title = serializers.CharField(source="request.resource_title", help_text="Empty where nobody knows.")
    dataset_title = serializers.CharField(source="request.dataset_title", help_text="Empty where nobody knows.")

    class Meta:
        model = PackageError
        fields = (
            "reference",
            "request",
            "resource_id",
            "resource_title",
            "dataset_title",
            "attempt",
            "code",
            "message",
            "retryable",
            "at",
        )


class EstimateSerializer(serializers.Serializer[Any]):
    """What to expect of a request; null where it is unknown."""

    rows = serializers.IntegerField(allow_null=True, help_text="null for a file.")
    columns = serializers.ListField(child=serializers.CharField(), allow_null=True, help_text="Their names, in order.")
    size = serializers.IntegerField(allow_null=True, help_text="Approximate size of the package in bytes.")
    seconds = serializers.FloatField(
        allow_null=True, help_text="Approximate build time, without the time in the queue."
    )
    queue = serializers.ChoiceField(choices=Queue.values)
    waiting = serializers.IntegerField(help_text="Requests waiting in that queue now.")
    cached = serializers.BooleanField(help_text="There is a fresh package, which you would get at once.")
