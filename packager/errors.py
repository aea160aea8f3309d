"""Everything that can go wrong, in one tree.

Each class has a stable ``code``, knows whether trying again can help (``retryable``), and carries a sentence fit for
the person who sees it; ``message`` is that sentence in English. What only staff may read goes into ``detail``. Code and
parameters are saved; ``presentation/translation.py`` puts them into the reader's language. Foreign exceptions become
ours at one boundary per outside world: HTTP in ``streaming/http.py``, the disk in ``streaming/disk.py``, mail in
``delivery/``.
"""

from __future__ import annotations

from typing import ClassVar

from packager.sentences import english, fill
from packager.sentences import gettext_noop as _


class PackagerError(Exception):
    """Base of all our errors.

    Args:
        detail: for staff only; must not hold secrets, API keys or e-mail addresses.
        params: fill the placeholders of ``sentence``: texts, whole numbers, or notes (``streaming/notes.py``) where the
            text itself is to be translated.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    #: Ends with a full stop; what is filled in brings none.
    sentence: ClassVar[str] = _("Something went wrong on our side.")

    def __init__(self, detail: str = "", **params: object) -> None:
        self.params = params
        self.detail = detail
        self.message = fill(self.sentence, {name: english(value) for name, value in params.items()})
        super().__init__(f"{self.message} {detail}".strip())


# ---------------------------------------------------------------- the request


class RequestError(PackagerError):
    """The request cannot be accepted as it was asked.

    ``problem`` says why, as a text or a note, without a full stop; ``field`` names the parameter at fault, if one is.
    """

    code = "bad_request"
    sentence = "{problem}."

    def __init__(self, problem: object, *, field: str = "") -> None:
        self.problem = str(problem)
        self.field = field
        super().__init__(problem=problem)


class NotAuthorized(RequestError):
    """The secret or the API key is missing or wrong."""

    code = "not_authorized"


class Forbidden(RequestError):
    """The key is good, but does not allow this."""

    code = "forbidden"


class NotFound(RequestError):
    """There is no such thing, or not for this key."""

    code = "not_found"


class BodyTooLarge(RequestError):
    """The body has more bytes than any request needs."""

    code = "body_too_large"


class Conflict(RequestError):
    """The request is in a state in which this cannot be done."""

    code = "conflict"


class IdempotencyMismatch(Conflict):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_mismatch"


# ----------------------------------------------------------------- the source


class SourceError(PackagerError):
    """The data could not be read from where it lives."""

    code = "source"
    sentence = _("The data could not be read from the data portal.")


class AddressForbidden(SourceError):
    """The address is not one that this portal may fetch from."""

    code = "address_forbidden"
    sentence = _("This service is not allowed to read from the address of the data.")


class SourceUnreachable(SourceError):
    """No connection, or it broke."""

    code = "source_unreachable"
    retryable = True
    sentence = _("The data portal could not be reached.")


class SourceTimeout(SourceUnreachable):
    """No answer in time."""

    code = "source_timeout"
    sentence = _("The data portal did not answer in time.")


class SourceTooSlow(SourceTimeout):
    """Fewer bytes a minute than PACKAGER_MIN_RATE, for longer than the slow cluster waits."""

    code = "source_too_slow"
    sentence = _("The data portal was too slow: for several minutes next to nothing arrived.")


class SourceBusy(SourceError):
    """429 or 5xx. ``retry_after`` in seconds, when the server said so."""

    code = "source_busy"
    retryable = True
    sentence = _("The data portal is overloaded or not working properly (HTTP {status}).")

    def __init__(self, detail: str = "", *, status: int, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail, status=status)


class NotPermitted(SourceError):
    """401 or 403: the data is private and no key, or one without the right, came with the request."""

    code = "not_permitted"
    sentence = _("The data portal does not allow access to this resource with the key provided.")


class ResourceNotFound(SourceError):
    """404."""

    code = "resource_not_found"
    sentence = _("The data portal has no such resource.")


class QueryRejected(SourceError):
    """The data portal refused the query (400, 409): an unknown field in ``filters`` or ``sort``, for example."""

    code = "query_rejected"
    sentence = _("The data portal rejected the query: {reason}.")


class AnswerMalformed(SourceError):
    """An answer that is not what the API promises."""

    code = "answer_malformed"
    retryable = True
    sentence = _("The data portal sent a response that we couldn't understand.")


class IncompleteData(SourceError):
    """Fewer or more rows or bytes came than are there.

    ``expected`` brings its unit (a note: ``notes.rows(7)``); ``got`` is a number.
    """

    code = "incomplete_data"
    retryable = True
    sentence = _("The data was incomplete: expected {expected}, received {got}.")

    def __init__(self, detail: str = "", *, expected: object, got: int) -> None:
        super().__init__(detail, expected=expected, got=got)


class AnswerTooLarge(SourceError):
    """An answer has more bytes than are taken in one piece; ``most`` says how many those are."""

    code = "answer_too_large"
    sentence = _("The data portal sent more at once than this service accepts ({most} bytes).")

    def __init__(self, detail: str = "", *, most: int) -> None:
        super().__init__(detail, most=most)


class RowTooLarge(AnswerTooLarge):
    """A single row has more bytes than are taken in one piece."""

    code = "row_too_large"
    sentence = _("A row of the table is larger than this service accepts ({most} bytes).")


class FileTooLarge(AnswerTooLarge):
    """A file has more bytes than this service packs."""

    code = "file_too_large"
    sentence = _("The file is larger than this service accepts ({most} bytes).")


class ChangedWhileRead(SourceError):
    """The table changed so that what was read is not whole: rows came twice or were missed, or columns changed."""

    code = "changed_while_read"
    retryable = True
    sentence = _("The data kept changing while it was being read. Request it again at a quieter time.")


# ----------------------------------------------------------------- the format


class FormatError(PackagerError):
    """The data cannot be written in the format asked for."""

    code = "format"
    sentence = _("The data cannot be written in this format: {reason}.")


class DwcConfigurationError(PackagerError, ValueError):
    """A ``PACKAGER_DWC_`` setting cannot be used.

    ``setting`` is its name; ``detail`` tells staff what is wrong with it.
    """

    code = "dwc_configuration"
    sentence = _("This service is not set up correctly for Darwin Core Archives.")

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        super().__init__(f"The setting {setting} is wrong: {problem}.")


# ------------------------------------------------------------------ the store


class StoreError(PackagerError):
    """The package could not be kept."""

    code = "store"
    retryable = True
    sentence = _("The package could not be stored.")


class StoreFull(StoreError):
    """No room left for packages."""

    code = "store_full"
    sentence = _("There is no space left to store the package.")


class StoreUnavailable(StoreError):
    """The place where packages are kept is read-only, gone, or does not answer."""

    code = "store_unavailable"
    sentence = _("The place where packages are kept is not available at the moment.")


class PackageLost(StoreError):
    """The store does not have the file of a package that should be there."""

    code = "package_lost"
    retryable = False
    sentence = _("The file of this package is no longer there.")


# --------------------------------------------------------------- the database


class Unavailable(PackagerError):
    """The portal's own database is locked or away."""

    code = "unavailable"
    retryable = True
    sentence = _("The portal is out of order for a moment. Try again in a minute.")


# ------------------------------------------------------------------ the build


class BuildError(PackagerError):
    """The build itself was interrupted."""

    code = "build"


class BuildCancelled(BuildError):
    """Somebody cancelled the request while it was built."""

    code = "cancelled"
    sentence = _("The request was cancelled.")


class BuildFenced(BuildError):
    """The build was given to another worker in the meantime; this one must stop and leave no trace."""

    code = "fenced"
    sentence = _("Another worker has taken over this request.")


class WorkerLost(BuildError):
    """The worker that built the package died, more often than we try again."""

    code = "worker_lost"
    retryable = True
    sentence = _("The process that built the package stopped unexpectedly.")


class BuildTimeout(BuildError):
    """The build took longer than a build may take."""

    code = "build_timeout"
    retryable = True
    sentence = _("Building the package took too long and was stopped.")


# ------------------------------------- the delivery: only staff read of it, in English


class DeliveryError(PackagerError):
    """The message could not be delivered."""

    code = "delivery"
    sentence = "The message could not be delivered."


class DeliveryDeferred(DeliveryError):
    """The receiver cannot take it now."""

    code = "delivery_deferred"
    retryable = True
    sentence = "The message could not be delivered yet; it will be tried again."


class MailMisconfigured(DeliveryDeferred):
    """The mail server refuses the portal itself: its sender address, its login, its host. It may be put right."""

    code = "mail_misconfigured"
    sentence = "The mail server does not accept mail from this service; the mail is kept and tried again."


class DeliveryPostponed(DeliveryError):
    """It is not its turn yet; nothing was tried.

    Args:
        seconds: until it is.
        reason: for staff.
        together: with all others of its receiver that wait like this, in one message.
    """

    code = "delivery_postponed"
    retryable = True
    sentence = "The message waits for its turn."

    def __init__(self, seconds: float, reason: str, *, together: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.together = together


class DeliveryRefused(DeliveryError):
    """The receiver does not want it, now or later."""

    code = "delivery_refused"
    sentence = "The message was refused for good by the receiving server."


class DeliveryUnwanted(DeliveryError):
    """The receiver has stopped messages of ours."""

    code = "delivery_unwanted"
    sentence = "The receiver wants no mails from this service."
