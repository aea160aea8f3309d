"""``/api/v1/statistics/``: sums without any personal data, and single records with addresses for staff's keys only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from packager.api.v1.base import KeyView
from packager.api.v1.problems import documented
from packager.errors import RequestError
from packager.security.api_keys import Scope
from stats import queries, resource_names
from stats.models import ALL

#: Resources that are listed.
MOST_RESOURCES = 100


class StatisticsQuestion(serializers.Serializer[Any]):
    """Which days, resource and format."""

    since = serializers.DateField(required=False, help_text="First day (UTC).")
    until = serializers.DateField(required=False, help_text="Last day (UTC).")
    resource_id = serializers.CharField(required=False, max_length=255, help_text="One resource only.")
    format = serializers.CharField(required=False, max_length=64, help_text="One format only (days).")


class TotalsSerializer(serializers.Serializer[Any]):
    """Counts since the beginning."""

    requests = serializers.IntegerField(help_text="Requests served, including cached ones.")
    errors = serializers.IntegerField(help_text="Requests that failed.")  # type: ignore[assignment]
    requesters = serializers.IntegerField(source="emails", help_text="Different addresses served.")


class SumsSerializer(serializers.Serializer[Any]):
    """What was done."""

    requests = serializers.IntegerField()
    cached = serializers.IntegerField()
    errors = serializers.IntegerField()  # type: ignore[assignment]
    rows = serializers.IntegerField()
    builds = serializers.IntegerField()
    build_seconds = serializers.FloatField()
    downloads = serializers.IntegerField()
    bytes = serializers.IntegerField(help_text="Bytes sent by downloads.")


class DaySerializer(SumsSerializer):
    """One day (UTC)."""

    day = serializers.DateField()


class ResourceSerializer(SumsSerializer):
    """One resource."""

    resource_id = serializers.CharField()
    resource_title = serializers.CharField(help_text="The public title; empty if there is none.")
    dataset_title = serializers.CharField(help_text="The public title; empty if there is none.")


class StatisticsSerializer(serializers.Serializer[Any]):
    """Totals since the beginning, and counts for the days requested."""

    totals = TotalsSerializer()
    days = DaySerializer(many=True, help_text="Days with any activity, oldest first.")
    resources = ResourceSerializer(many=True, help_text="Up to 100, most requested first.")


class StatisticsView(KeyView):
    """Sums for a key with `statistics:read`."""

    scopes = {"GET": "statistics:read"}

    @extend_schema(
        operation_id="statistics",
        summary="Get the statistics",
        tags=["statistics"],
        parameters=[StatisticsQuestion],
        responses={200: StatisticsSerializer, **documented(400)},
    )
    def get(self, call: Request) -> Response:
        """Totals, days and resources. No addresses, no names."""
        question = StatisticsQuestion(data=call.query_params)
        question.is_valid(raise_exception=True)
        since, until, resource_id = (question.validated_data.get(name) for name in ("since", "until", "resource_id"))
        found = queries.per_resource(since, until)
        resources = [row for row in found if resource_id in (None, row["resource_id"])][:MOST_RESOURCES]
        names = resource_names.names([row["resource_id"] for row in resources], public=True)
        wanted = resource_id or ALL
        told = {
            "totals": queries.totals(wanted).get(wanted, queries.NOTHING),
            "days": queries.per_day(**question.validated_data),
            "resources": [{**row, **names[row["resource_id"]].titles.columns} for row in resources],
        }
        return Response(StatisticsSerializer(told).data)


class RecordsQuestion(serializers.Serializer[Any]):
    """Which records."""

    offset = serializers.IntegerField(default=0, min_value=0, max_value=2**53, help_text="How many to skip.")
    limit = serializers.IntegerField(default=100, min_value=0, max_value=1000, help_text="How many to list.")
    resource_id = serializers.CharField(required=False, max_length=255, help_text="One resource only.")
    email = serializers.CharField(
        required=False, max_length=255, help_text="One requester only; needs the scope `requests:all`."
    )


class RecordSerializer(serializers.Serializer[Any]):
    """A request that was served, as ckanpackager told it."""

    email = serializers.CharField(allow_null=True, help_text="null without the scope `requests:all`.")
    resource_id = serializers.CharField()
    timestamp = serializers.IntegerField(help_text="Seconds since 1970 (UTC).")
    count = serializers.IntegerField(allow_null=True, help_text="Rows; null for a file.")
    domain = serializers.CharField(allow_null=True, help_text="Of the address.")


class RecordsView(KeyView):
    """Single requests, for a key with `statistics:read`."""

    scopes = {"GET": "statistics:read"}

    @extend_schema(
        operation_id="statistics_records",
        summary="List the requests served, newest first",
        tags=["statistics"],
        parameters=[RecordsQuestion],
        responses={200: RecordSerializer(many=True), **documented(400)},
    )
    def get(self, call: Request) -> Response:
        """What `/statistics/requests` lists for ckanpackager; addresses with the scope `requests:all` only."""
        question = RecordsQuestion(data=call.query_params)
        question.is_valid(raise_exception=True)
        sees_addresses = self.api_key.allows(Scope.ALL)
        if "email" in question.validated_data and not sees_addresses:
            raise RequestError("Parameter email needs a key with the scope requests:all", field="email")
        found = queries.requests(**question.validated_data)
        return Response([{**record, "email": record["email"] if sees_addresses else None} for record in found])
