"""``/api/v1/changes/``: a data portal tells which resources have changed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from packager.api.bodies import LARGEST_FORM, NO_OBJECT
from packager.api.v1 import examples
from packager.api.v1.base import KeyView
from packager.api.v1.problems import documented
from packager.errors import RequestError
from packager.lifecycle import changes
from packager.lifecycle.changes import Notification
from packager.security.api_keys import Scope

#: As many as one call may hold.
MOST = 1000


class ChangeSerializer(serializers.Serializer[Any]):
    """What happened, in the format of CKAN's notifications."""

    default_error_messages = NO_OBJECT

    routing_key = serializers.CharField(
        max_length=255, help_text="`Package`, `Resource` or `Datastore`; others are ignored."
    )
    operation = serializers.CharField(max_length=255, allow_blank=True, help_text="`new`, `changed` or `deleted`.")
    payload = serializers.DictField(
        help_text="The dataset or resource as CKAN shows it; for `Datastore`, an object with `resource_id`."
    )


class ChangesNotedSerializer(serializers.Serializer[Any]):
    """The result."""

    changed = serializers.IntegerField(
        help_text="How many resources have changed: packages of their old data are no longer reused."
    )


class ChangesView(KeyView):
    """``/api/v1/changes/``."""

    scopes = {"POST": Scope.CHANGES}
    largest_body: ClassVar[int] = LARGEST_FORM

    @extend_schema(
        operation_id="changes_create",
        summary="Report changed resources",
        tags=["changes"],
        request=PolymorphicProxySerializer(
            component_name="OneOrManyChanges",
            serializers=[ChangeSerializer, ChangeSerializer(many=True)],
            resource_type_field_name=None,
            many=False,
        ),
        responses={202: ChangesNotedSerializer, **documented(400, 413, 415)},
        examples=[examples.CHANGE],
    )
    def post(self, call: Request) -> Response:
        """Send one notification, or a list of up to 1,000. Packages of the old data are no longer reused."""
        many = isinstance(call.data, list)
        if many and not 1 <= len(call.data) <= MOST:
            problem = f"A call may contain 1 to {MOST:,} changes, but this one contains {len(call.data):,}"
            raise RequestError(problem, field="body")
        envelopes = ChangeSerializer(data=call.data, many=many)
        envelopes.is_valid(raise_exception=True)
        told = envelopes.validated_data if many else [envelopes.validated_data]
        notifications = [Notification(**envelope) for envelope in told]
        changed = changes.receive(notifications, source=f"API key {self.api_key}")
        return Response({"changed": changed}, status=HTTPStatus.ACCEPTED)
