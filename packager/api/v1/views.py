"""The rest of ``/api/v1/``: the root with its capabilities, estimates, failures, and the kinds of problems."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from packager import VERSION, plugins
from packager.api.bodies import LARGEST_BODY
from packager.api.v1 import examples, problems
from packager.api.v1.base import KeyView, OpenView
from packager.api.v1.filters import ErrorFilter
from packager.api.v1.pagination import ErrorPages
from packager.api.v1.problems import documented
from packager.api.v1.serializers import PackageRequestCreateSerializer
from packager.intake import acceptance, routing
from packager.lifecycle import changes
from packager.lifecycle.cache import fresh_package
from packager.models import PackageError
from packager.presentation.serializers import ErrorSerializer, EstimateSerializer
from packager.security.api_keys import Scope
from packager.streaming.formats.base import DescribesOptions


class FormatSerializer(serializers.Serializer[Any]):
    """A format."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    options = serializers.DictField(child=serializers.DictField(), help_text="JSON Schema of each option.")


class LimitsSerializer(serializers.Serializer[Any]):
    """The portal's limits."""

    body_bytes = serializers.IntegerField()
    calls_per_key = serializers.CharField(help_text="For example `600/min`; empty for no limit.")
    calls_per_address = serializers.CharField()
    cache_seconds = serializers.IntegerField(help_text="How long a package is reused for identical requests.")
    kept_days = serializers.IntegerField(help_text="How long a package can be downloaded.")
    slow_from_rows = serializers.IntegerField(help_text="Requests for more rows go to the slow queue.")
    addresses_kept_days = serializers.IntegerField(
        help_text="How long after its end a request keeps the requester's address; 0: until it is deleted."
    )


class CapabilitiesSerializer(serializers.Serializer[Any]):
    """What this portal can do."""

    formats = FormatSerializer(many=True)
    mail_languages = serializers.ListField(child=serializers.CharField())
    limits = LimitsSerializer()
    plugins = serializers.DictField(
        child=serializers.JSONField(), help_text="What plugins add, by the names they choose."
    )


class RootSerializer(serializers.Serializer[Any]):
    """What this portal is and can do."""

    name = serializers.CharField()
    version = serializers.CharField()
    capabilities = CapabilitiesSerializer()
    links = serializers.DictField(child=serializers.CharField())


class RootView(OpenView):
    """``/api/v1/``."""

    @extend_schema(
        operation_id="root",
        summary="Get name, version and capabilities",
        tags=["portal"],
        auth=[],
        responses={200: RootSerializer, **documented(open_to_all=True)},
    )
    def get(self, call: Request) -> Response:
        """Formats with their options, limits, and what plugins add."""
        formats = []
        for format in plugins.formats():
            own = format.option_schemas if isinstance(format, DescribesOptions) else {}
            options = {**own, "metadata": {"type": "boolean", "default": settings.PACKAGER_METADATA}}
            formats.append({"name": format.name, "label": str(format.label), "options": options})
        limits = {name: getattr(settings, setting) for name, setting in LIMITS.items()}
        capabilities = {
            "formats": formats,
            "mail_languages": [code for code, _ in settings.LANGUAGES],
            "limits": {"body_bytes": LARGEST_BODY, **limits},
            "plugins": {name: value for part in plugins.ask("api_capabilities") for name, value in part.items()},
        }
        links = {name: f"{settings.PUBLIC_URL}/api/v1/{name}/" for name in LINKS}
        about = {"name": "Packaging Portal", "version": VERSION}
        return Response({**about, "capabilities": capabilities, "links": links})


LINKS = ("requests", "estimate", "changes", "errors", "statistics", "problems", "schema", "docs")
#: What is limited -> the setting that says how.
LIMITS = {
    "calls_per_key": "PACKAGER_THROTTLE_KEY",
    "calls_per_address": "PACKAGER_THROTTLE_ADDRESS",
    "cache_seconds": "PACKAGER_CACHE_TIME",
    "kept_days": "PACKAGER_EXPIRY_DAYS",
    "slow_from_rows": "PACKAGER_SLOW_REQUEST",
    "addresses_kept_days": "PACKAGER_KEEP_ADDRESSES_DAYS",
}


class ProblemKindSerializer(serializers.Serializer[Any]):
    """A code that responses and failed requests can have."""

    code = serializers.CharField()
    meaning = serializers.CharField()
    retryable = serializers.BooleanField(help_text="Whether trying again can help.")


class ProblemsView(OpenView):
    """``/api/v1/problems/``."""

    @extend_schema(
        operation_id="problems_list",
        summary="List problem codes",
        tags=["portal"],
        auth=[],
        responses={200: ProblemKindSerializer(many=True), **documented(open_to_all=True)},
    )
    def get(self, call: Request) -> Response:
        """Every code, whose meaning never changes, and whether trying again can help."""
        return Response(problems.catalogue())


class EstimateView(KeyView):
    """``/api/v1/estimate/``."""

    scopes = {"POST": Scope.WRITE}

    @extend_schema(
        operation_id="estimate",
        summary="Estimate a request",
        tags=["requests"],
        request=PackageRequestCreateSerializer,
        responses={200: EstimateSerializer, **documented(400, 413, 415, 424)},
        examples=[examples.TABLE, examples.ESTIMATE],
    )
    def post(self, call: Request) -> Response:
        """Rows, columns, expected size and time, and the queue. Send the body of a request; nothing is queued."""
        question = PackageRequestCreateSerializer(data=call.data)
        question.is_valid(raise_exception=True)
        owned = replace(question.submission, owner=self.api_key.pk)
        submission = changes.current(acceptance.check(owned))
        cached = fresh_package(submission.fingerprint) is not None
        return Response(EstimateSerializer(routing.estimate(submission, cached=cached)).data)


class ErrorsView(KeyView, GenericAPIView[PackageError]):
    """``/api/v1/errors/``."""

    queryset = PackageError.objects.all()
    serializer_class = ErrorSerializer
    pagination_class = ErrorPages
    filterset_class = ErrorFilter
    scopes = {"GET": Scope.ERRORS}

    @extend_schema(
        operation_id="errors_list",
        summary="List failures, newest first",
        tags=["errors"],
        responses={200: ErrorSerializer(many=True), **documented(400, 404)},
    )
    def get(self, call: Request) -> Response:
        """Those of your requests; with the scope `requests:all` those of everybody."""
        found = self.filter_queryset(PackageError.objects.of(self.api_key).select_related("request"))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(ErrorSerializer(page, many=True).data)
