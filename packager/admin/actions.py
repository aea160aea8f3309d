"""What staff can do with a request: the same for one, from its page, and for thousands, from the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from packager.admin.base import ERASE, OPERATE
from packager.errors import Conflict
from packager.lifecycle import bulk, personal_data, requests
from packager.lifecycle.bulk import Tally
from packager.models import UNDER_WAY, PackageRequest, Status
from packager.querysets import RequestQuerySet

_ENDED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.EXPIRED)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do.

    ``one`` takes a request's id and the name of who wants it, and raises RequestError where it cannot be; ``many``
    takes a query. ``states`` are those in which it makes sense. Staff are asked first where there is a ``warning``.
    """

    name: str
    label: str
    done: str
    permission: str
    states: tuple[str, ...]
    one: Callable[[UUID, str], Any]
    many: Callable[[RequestQuerySet, str], Tally]
    warning: str = ""


def _forget(pk: UUID, actor: str) -> None:
    if personal_data.forget_many(PackageRequest.objects.filter(pk=pk)).left:
        raise Conflict("A request that is under way needs its address; cancel it first")


DEEDS = {
    deed.name: deed
    for deed in (
        Deed(
            "retry",
            "Retry",
            "queued again",
            OPERATE,
            requests.RETRYABLE,
            lambda pk, actor: requests.retry(pk, actor=actor),
            bulk.retry_many,
        ),
        Deed(
            "cancel",
            "Cancel",
            "cancelled",
            OPERATE,
            UNDER_WAY,
            lambda pk, actor: requests.cancel(pk, actor=actor, tell=True),
            bulk.cancel_many,
            warning="A build that is running stops, and the requester gets a mail. Others who asked for the same keep "
            "their places.",
        ),
        Deed(
            "resend",
            "Send the mail again",
            "mail sent again",
            OPERATE,
            tuple(requests.NEWS),
            lambda pk, actor: requests.resend(pk),
            lambda chosen, actor: bulk.resend_many(chosen),
        ),
        Deed(
            "rebuild",
            "Rebuild, ignoring the cache",
            "asked for again as a new request",
            OPERATE,
            _ENDED,
            lambda pk, actor: requests.rebuild(pk),
            lambda chosen, actor: bulk.rebuild_many(chosen),
        ),
        Deed(
            "forget",
            "Delete personal data",
            "personal data deleted",
            ERASE,
            _ENDED,
            _forget,
            lambda chosen, actor: personal_data.forget_many(chosen),
            warning="Addresses, webhooks and keys are deleted for good, also from the statistics. No mail can follow.",
        ),
    )
}
