"""``/api/v1/requests/``: make, list, look, cancel, try again, fetch."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from packager.api.v1 import conditional, examples
from packager.api.v1.base import KeyView
from packager.api.v1.filters import RequestFilter
from packager.api.v1.pagination import Pages
from packager.api.v1.problems import documented
from packager.api.v1.serializers import PackageRequestCreateSerializer
from packager.errors import Conflict, NotFound
from packager.intake import validation
from packager.intake.idempotency import Owner
from packager.lifecycle import requests
from packager.models import PackageRequest, Status
from packager.presentation.serializers import PackageRequestSerializer, PackageSerializer
from packager.security.api_keys import Scope

TAGS = ["requests"]
REQUEST_ID = OpenApiParameter("request_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Your name for this call, up to 255 characters. Repeat the call with it, and you get the same request.",
)
LOCATION = OpenApiParameter("Location", OpenApiTypes.URI, OpenApiParameter.HEADER, response=["201"])


class RequestsView(KeyView, GenericAPIView[PackageRequest]):
    """All requests of a key."""

    queryset = PackageRequest.objects.select_related("package", "leader")
    serializer_class = PackageRequestSerializer
    pagination_class = Pages
    filterset_class = RequestFilter
    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}

    @extend_schema(
        operation_id="requests_list",
        summary="List your requests, newest first",
        tags=TAGS,
        responses={200: PackageRequestSerializer(many=True), **documented(400, 404)},
    )
    def get(self, call: Request) -> Response:
        """A page of them. With the scope `requests:all` those of everybody."""
        found = self.filter_queryset(PackageRequest.objects.of(self.api_key).select_related("package", "leader"))
        page = self.paginate_queryset(found)
        rows = PackageRequestSerializer(page, many=True, context={"reader": self.api_key})
        return self.get_paginated_response(rows.data)

    @extend_schema(
        operation_id="requests_create",
        summary="Request a package",
        tags=TAGS,
        parameters=[IDEMPOTENCY_KEY, LOCATION],
        request=PackageRequestCreateSerializer,
        responses={201: PackageRequestSerializer, **documented(400, 413, 415, 422)},
        examples=[examples.TABLE, examples.FILE],
    )
    def post(self, call: Request) -> Response:
        """Queues it, joins an identical request in progress, or serves a fresh package at once."""
        question = PackageRequestCreateSerializer(data=call.data)
        question.is_valid(raise_exception=True)
        name = validation.optional("Idempotency-Key", call.headers.get("Idempotency-Key"))
        validation.short("Idempotency-Key", name, 255)
        owner = Owner(self.api_key, name, json.dumps(call.data, sort_keys=True))
        request = requests.submit(question.submission, owner=owner)
        response = conditional.respond(call, request, status=HTTPStatus.CREATED)
        response["Location"] = response.data["url"]
        return response


class RequestView(KeyView):
    """One request."""

    scopes = {"GET": Scope.READ, "POST": Scope.WRITE}

    def find(self, request_id: str) -> PackageRequest:
        """The request, if this key may see it. Raises NotFound."""
        try:
            pk = UUID(request_id)
            return PackageRequest.objects.of(self.api_key).select_related("package", "leader").get(pk=pk)
        except (ValueError, PackageRequest.DoesNotExist):
            raise NotFound("There is no such request, or it belongs to somebody else") from None

    @property
    def actor(self) -> str:
        """Who does it, for the history."""
        return f"API key {self.api_key}"


class RequestDetailView(RequestView):
    """How it stands."""

    @extend_schema(
        operation_id="requests_retrieve",
        summary="Get a request",
        tags=TAGS,
        parameters=[REQUEST_ID, conditional.IF_NONE_MATCH, conditional.ETAG, conditional.RETRY_AFTER],
        responses={
            200: PackageRequestSerializer,
            304: OpenApiResponse(description="Nothing has changed."),
            **documented(404),
        },
    )
    def get(self, call: Request, request_id: str) -> Response:
        """Made for polling: send the `ETag` back as `If-None-Match`, and wait `Retry-After` seconds in between."""
        return conditional.respond(call, self.find(request_id))


class CancelView(RequestView):
    """Stop it."""

    @extend_schema(
        operation_id="requests_cancel",
        summary="Cancel a request",
        tags=TAGS,
        parameters=[REQUEST_ID],
        request=None,
        responses={200: PackageRequestSerializer, **documented(404, 409)},
    )
    def post(self, call: Request, request_id: str) -> Response:
        """A running build stops; others who are waiting for the same package keep their places."""
        found = self.find(request_id)
        somebody_elses = found.api_key_id != self.api_key.pk
        requests.cancel(found.pk, actor=self.actor, tell=somebody_elses)
        return conditional.respond(call, self.find(request_id))


class RetryView(RequestView):
    """Once more."""

    @extend_schema(
        operation_id="requests_retry",
        summary="Retry a request",
        tags=TAGS,
        parameters=[REQUEST_ID],
        request=None,
        responses={200: PackageRequestSerializer, **documented(404, 409)},
    )
    def post(self, call: Request, request_id: str) -> Response:
        """For requests that failed, were cancelled or have expired."""
        requests.retry(self.find(request_id).pk, actor=self.actor)
        return conditional.respond(call, self.find(request_id))


class PackageView(RequestView):
    """What came of it."""

    @extend_schema(
        operation_id="requests_package",
        summary="Get the package",
        tags=TAGS,
        parameters=[REQUEST_ID],
        responses={200: PackageSerializer, **documented(404, 409)},
    )
    def get(self, call: Request, request_id: str) -> Response:
        """Where to download it. Before it is ready you get `409`, with `Retry-After` if it is on its way."""
        found = self.find(request_id)
        if found.status == Status.SUCCEEDED and found.package is not None:
            return Response(PackageSerializer(found).data)
        response: Any = self.handle_exception(Conflict(f"There is no package: the request is {found.status}"))
        if wait := conditional.retry_after(found):
            response["Retry-After"] = str(wait)
        return response
