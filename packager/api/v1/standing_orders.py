"""``/api/v1/requests/<id>/standing-order/``: have a package built again and again."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from packager.api.bodies import NO_OBJECT
from packager.api.v1.problems import documented
from packager.api.v1.requests import REQUEST_ID, RequestView
from packager.errors import NotFound
from packager.lifecycle import standing_orders
from packager.models import StandingOrder
from packager.security.api_keys import Scope

TAGS = ["requests"]


class StandingOrderSerializer(serializers.ModelSerializer[StandingOrder]):
    """When a package is rebuilt."""

    default_error_messages = NO_OBJECT

    class Meta:
        model = StandingOrder
        fields = ("every", "state", "why_ended", "created_at", "due_at")
        read_only_fields = fields[1:]


class StandingOrderView(RequestView):
    """The standing order that a request belongs to."""

    scopes = {"GET": Scope.READ, "PUT": Scope.WRITE, "DELETE": Scope.WRITE}

    @extend_schema(
        operation_id="standing_order_retrieve",
        summary="Get the standing order",
        tags=TAGS,
        parameters=[REQUEST_ID],
        responses={200: StandingOrderSerializer, **documented(404)},
    )
    def get(self, call: Request, request_id: str) -> Response:
        """When the package is rebuilt, or why it no longer is. The requests made for it are in your list."""
        return Response(StandingOrderSerializer(self._order(request_id)).data)

    @extend_schema(
        operation_id="standing_order_place",
        summary="Place or change a standing order",
        tags=TAGS,
        parameters=[REQUEST_ID],
        request=StandingOrderSerializer,
        responses={200: StandingOrderSerializer, **documented(400, 404, 409, 413, 415)},
    )
    def put(self, call: Request, request_id: str) -> Response:
        """Rebuild the package when its data changes, or every night, week or month. It stops if three in a row are not
        downloaded."""
        wish = StandingOrderSerializer(data=call.data)
        wish.is_valid(raise_exception=True)
        data: dict[str, Any] = wish.validated_data
        return Response(StandingOrderSerializer(standing_orders.place(self.find(request_id), data["every"])).data)

    @extend_schema(
        operation_id="standing_order_end",
        summary="End the standing order",
        tags=TAGS,
        parameters=[REQUEST_ID],
        responses={200: StandingOrderSerializer, **documented(404)},
    )
    def delete(self, call: Request, request_id: str) -> Response:
        """A build in progress is still finished."""
        order = self._order(request_id)
        standing_orders.end(order, f"Ended by {self.actor}.")
        return Response(StandingOrderSerializer(order).data)

    def _order(self, request_id: str) -> StandingOrder:
        order = standing_orders.of(self.find(request_id))
        if order is None:
            raise NotFound("There is no standing order for this request")
        return order
