"""What staff can do with requests: the same for one, from its page, and for thousands, from the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractUser

from packager.admin.base import ERASE, OPERATE
from packager.admin.confirmation import WHEN_DONE, Question, span_of
from packager.lifecycle import bulk, requests
from packager.lifecycle.operations import Cancel, Operation, Rebuild, Resend, Retry
from packager.lifecycle.personal_data import Forget
from packager.models import PackageRequest
from packager.querysets import RequestQuerySet
from packager.sentences import count_of


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do.

    Attributes:
        label: what its button says.
        title: what is asked first, with a place for "this request" or "3 requests".
        told: what is said when it was done with one.
        done: what is said of how many it was done with.
        operation: makes what is done, for somebody of that name.
        mails: when the mails go out, of which the question tells the number.
        asks: whether staff are asked even where it is one request only.
        warning: what else follows.
    """

    name: str
    label: str
    title: str
    told: str
    done: str
    permission: str
    operation: Callable[[str], Operation]
    mails: str = ""
    asks: bool = False
    warning: str = ""

    def question(self, chosen: RequestQuerySet, actor: str) -> Question:
        """What to ask before it is done with these."""
        found = bulk.preview(self.operation(actor), chosen)
        facts = [
            ("Requests", f"{found.count:,}"),
            ("Requested", span_of(found.oldest, found.newest)),
            ("Emails", f"{found.mails:,}, {self.mails}" if found.mails else "none"),
            *(("Skipped", f"{number:,}: {reason}.") for reason, number in found.skipped.items()),
        ]
        things = "this request" if found.count == 1 and not found.skipped else count_of(found.count, "request")
        return Question(self.title.format(things), found.count, facts, self.warning)

    def offered(self, request: PackageRequest, person: AbstractUser) -> bool:
        """Whether it makes sense for this request, and this person may do it."""
        return person.has_perm(self.permission) and not self.operation(person.get_username()).refusal(request)

    def one(self, pk: UUID, actor: str) -> PackageRequest:
        """Do it with one. Returns the request to look at then, which is a new one after a rebuild.

        Raises:
            Conflict: it cannot be done with this one; says why.
            RequestError: what it asked for would not be accepted any more.
        """
        return requests.rebuild(pk) if self.name == "rebuild" else bulk.one(self.operation(actor), pk)


ACTIONS = {
    action.name: action
    for action in (
        Action(
            "retry",
            "Retry",
            "Retry {}?",
            "Queued again.",
            "retried",
            OPERATE,
            Retry,
            mails=WHEN_DONE,
        ),
        Action(
            "cancel",
            "Cancel",
            "Cancel {}?",
            "Cancelled.",
            "cancelled",
            OPERATE,
            lambda actor: Cancel(actor, tell=True),
            mails="sent now",
            asks=True,
            warning="Running builds stop. Others who requested the same package keep their places.",
        ),
        Action(
            "resend",
            "Resend the email",
            "Resend the email about {}?",
            "Email sent again.",
            "sent again",
            OPERATE,
            lambda actor: Resend(),
            mails="sent now",
        ),
        Action(
            "rebuild",
            "Rebuild, ignoring the cache",
            "Rebuild {}, ignoring the cache?",
            "This is the new request.",
            "rebuilt as new requests",
            OPERATE,
            lambda actor: Rebuild(),
            mails=WHEN_DONE,
            warning="Each becomes a new request, and its data is read from CKAN again.",
        ),
        Action(
            "forget",
            "Delete personal data",
            "Delete the personal data of {}?",
            "Personal data deleted.",
            "cleared of personal data",
            ERASE,
            lambda actor: Forget(),
            asks=True,
            warning="Addresses, webhooks and keys are deleted for good, also from the statistics. No email can follow.",
        ),
    )
}
