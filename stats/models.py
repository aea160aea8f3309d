"""Records of what happened, one row an event, and what is derived from them.

Records are added, never changed (but for ``anonymize``, which replaces addresses by their hashes). ``DailySum`` and
``Requester`` follow from the records and can be rebuilt from them; ``OpeningBalance`` is what an older installation
had counted beyond the records it kept.
"""

from typing import ClassVar

from django.db import models

from packager.titles import Titled

#: Stands for all resources together, as in the answers of ``/statistics``.
ALL = "*"


class Record(models.Model):
    """What every record says: when it happened, to which request, and what that request was for."""

    at = models.DateTimeField("time")
    request_id = models.UUIDField("request", null=True, blank=True, db_index=True)
    resource_id = models.CharField("resource", max_length=255)
    ckan_host = models.CharField("CKAN host", max_length=255, blank=True, default="")
    format = models.CharField(max_length=64, blank=True, default="")
    #: The record in a few words, with places for its fields.
    words: ClassVar[str]

    class Meta:
        abstract = True
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="%(class)s_at"),
            models.Index(fields=["resource_id", "-at", "-id"], name="%(class)s_resource_at"),
        ]

    def __str__(self) -> str:
        return self.words.format(self, time=f"{self.at:%Y-%m-%d %H:%M:%S}")


class PersonalRecord(Record):
    """A record with an address in it: plain or hashed, empty where the requester gave none.

    ``import_key`` tells the rows of an older installation apart, so that none is taken over twice.
    """

    email = models.CharField("email", max_length=320, blank=True, default="", db_index=True)
    domain = models.CharField(max_length=255, blank=True, default="", db_index=True)
    import_key = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)

    class Meta(Record.Meta):
        abstract = True


class RequestRecord(PersonalRecord):
    """A request that was served. ``seconds`` is the time of the build, if one was made for this request."""

    words = "served at {time}"
    rows = models.BigIntegerField(null=True, blank=True)
    size = models.BigIntegerField("size in bytes", null=True, blank=True)
    cached = models.BooleanField(default=False)
    seconds = models.FloatField("seconds of building", null=True, blank=True)

    class Meta(PersonalRecord.Meta):
        verbose_name = "served request"


class ErrorRecord(PersonalRecord):
    """A request that failed. ``message`` is the public sentence, ``code`` the stable name of the cause."""

    words = "failed at {time}: {0.message}"
    message = models.TextField(blank=True, default="")
    code = models.CharField(max_length=64, blank=True, default="", db_index=True)

    class Meta(PersonalRecord.Meta):
        verbose_name = "error"


class BuildRecord(Record):
    """A package that was built. ``rows`` is None for a file."""

    words = "built at {time} in {0.seconds:.1f} s"
    rows = models.BigIntegerField(null=True, blank=True)
    size = models.BigIntegerField("size in bytes")
    seconds = models.FloatField("seconds of building")

    class Meta(Record.Meta):
        verbose_name = "build"


class DownloadRecord(Record):
    """A package that was sent to somebody."""

    words = "sent at {time}"
    size = models.BigIntegerField("size in bytes")

    class Meta(Record.Meta):
        verbose_name = "download"


class DailySum(models.Model):
    """The sums of one day (UTC), resource and format.

    ``requests`` (of them ``cached``) and ``errors`` count requesters served and failed, ``rows`` the rows handed to
    them; ``builds``, ``built_rows`` and ``build_seconds`` count the work; ``downloads`` and ``bytes`` what was sent.
    """

    COUNTERS = (
        "requests", "cached", "errors", "rows", "builds", "built_rows", "build_seconds", "downloads", "bytes",
    )  # fmt: skip

    day = models.DateField()
    resource_id = models.CharField("resource", max_length=255)
    format = models.CharField(max_length=64, blank=True, default="")
    requests = models.BigIntegerField(default=0)
    cached = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)
    builds = models.BigIntegerField(default=0)
    built_rows = models.BigIntegerField(default=0)
    build_seconds = models.FloatField(default=0.0)
    downloads = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField("bytes sent", default=0)

    class Meta:
        ordering = ["-day", "resource_id", "format"]
        verbose_name = "daily total"
        constraints = [models.UniqueConstraint(fields=["day", "resource_id", "format"], name="one_sum_a_day")]
        indexes = [models.Index(fields=["resource_id", "day"], name="dailysum_resource_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.resource_id} {self.format}".rstrip()


class Requester(models.Model):
    """An address that was served: once for each resource, and once for all of them (``*``). Lower case, or hashed."""

    resource_id = models.CharField("resource", max_length=255)
    email = models.CharField("email", max_length=320, db_index=True)

    class Meta:
        ordering = ["resource_id", "email"]
        constraints = [models.UniqueConstraint(fields=["resource_id", "email"], name="one_requester_a_resource")]

    def __str__(self) -> str:
        return f"a requester of {self.resource_id}"


class ResourceName(Titled):
    """What a resource is called, as its data portal said last. What is not ``public`` is for staff only."""

    resource_id = models.CharField("resource", max_length=255, unique=True)
    ckan_host = models.CharField("CKAN host", max_length=255)
    public = models.BooleanField(default=False)
    at = models.DateTimeField("told")

    class Meta:
        ordering = ["resource_id"]


class OpeningBalance(models.Model):
    """What an older installation (``source``) had counted for a resource, or ``*``, beyond the records it kept.

    Added to what our records give, so that the totals go on from where they were.
    """

    source = models.CharField(max_length=64)
    resource_id = models.CharField("resource", max_length=255)
    requests = models.BigIntegerField(default=0)
    errors = models.BigIntegerField(default=0)
    emails = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["source", "resource_id"]
        constraints = [models.UniqueConstraint(fields=["source", "resource_id"], name="one_balance_a_source")]

    def __str__(self) -> str:
        return f"{self.resource_id}: {self.requests} requests, {self.errors} errors, {self.emails} addresses"


class Counter(models.Model):
    """What monitoring counts since the portal was set up: only ever added to, whatever is reset or deleted.

    ``number`` counts events, ``amount`` sums what each of them brought: rows, bytes, seconds.
    """

    name = models.CharField(max_length=20)
    label = models.CharField(max_length=64, blank=True)
    number = models.BigIntegerField(default=0)
    amount = models.FloatField(default=0.0)

    class Meta:
        ordering = ["name", "label"]
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="one_counter_a_label")]

    def __str__(self) -> str:
        return f"{self.name} {self.label}: {self.number}"
