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
    """Something went wrong on the portal's side.

    The base of all our errors.

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
    """The request is not valid.

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
    """The API key does not allow this."""

    code = "forbidden"


class NotFound(RequestError):
    """It does not exist, or belongs to somebody else."""

    code = "not_found"


class BodyTooLarge(RequestError):
    """The body is too large."""

    code = "body_too_large"


class Conflict(RequestError):
    """This cannot be done in the current state of the request."""

    code = "conflict"


class IdempotencyMismatch(Conflict):
    """The Idempotency-Key was used before with a different body."""

    code = "idempotency_mismatch"


# ----------------------------------------------------------------- the source


class SourceError(PackagerError):
    """The data could not be read from the data portal."""

    code = "source"
    sentence = _("The data could not be read from the data portal.")


class AddressForbidden(SourceError):
    """The portal is not allowed to read from this address."""

    code = "address_forbidden"
    sentence = _("This service is not allowed to read from the address of the data.")


class SourceUnreachable(SourceError):
    """The data portal could not be reached, or the connection broke."""

    code = "source_unreachable"
    retryable = True
    sentence = _("The data portal could not be reached.")


class SourceTimeout(SourceUnreachable):
    """The data portal did not answer in time."""

    code = "source_timeout"
    sentence = _("The data portal did not answer in time.")


class SourceTooSlow(SourceTimeout):
    """For several minutes, fewer bytes a minute arrived than PACKAGER_MIN_RATE."""

    code = "source_too_slow"
    sentence = _("The data portal was too slow: for several minutes next to nothing arrived.")


class SourceBusy(SourceError):
    """The data portal answered with HTTP 429 or 5xx (``retry_after`` in seconds, if the server gave it)."""

    code = "source_busy"
    retryable = True
    sentence = _("The data portal is overloaded or not working properly (HTTP {status}).")

    def __init__(self, detail: str = "", *, status: int, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail, status=status)


class NotPermitted(SourceError):
    """The data is private, and the request had no CKAN key with access to it (HTTP 401 or 403)."""

    code = "not_permitted"
    sentence = _("The data portal does not allow access to this resource with the key provided.")


class ResourceNotFound(SourceError):
    """The data portal has no such resource (HTTP 404)."""

    code = "resource_not_found"
    sentence = _("The data portal has no such resource.")


class QueryRejected(SourceError):
    """The data portal rejected the query (HTTP 400, 409), for an unknown field in ``filters`` or ``sort``, say."""

    code = "query_rejected"
    sentence = _("The data portal rejected the query: {reason}.")


class AnswerMalformed(SourceError):
    """The data portal sent a response that does not conform to its API."""

    code = "answer_malformed"
    retryable = True
    sentence = _("The data portal sent a response that we couldn't understand.")


class IncompleteData(SourceError):
    """More or fewer rows or bytes arrived than the data portal has.

    ``expected`` brings its unit (a note: ``notes.rows(7)``); ``got`` is a number.
    """

    code = "incomplete_data"
    retryable = True
    sentence = _("The data was incomplete: expected {expected}, received {got}.")

    def __init__(self, detail: str = "", *, expected: object, got: int) -> None:
        super().__init__(detail, expected=expected, got=got)


class AnswerTooLarge(SourceError):
    """The data portal sent more bytes at once than the portal accepts (``most``)."""

    code = "answer_too_large"
    sentence = _("The data portal sent more at once than this service accepts ({most} bytes).")

    def __init__(self, detail: str = "", *, most: int) -> None:
        super().__init__(detail, most=most)


class RowTooLarge(AnswerTooLarge):
    """A single row has more bytes than the portal accepts."""

    code = "row_too_large"
    sentence = _("A row of the table is larger than this service accepts ({most} bytes).")


class FileTooLarge(AnswerTooLarge):
    """The file has more bytes than the portal accepts."""

    code = "file_too_large"
    sentence = _("The file is larger than this service accepts ({most} bytes).")


class ChangedWhileRead(SourceError):
    """The table kept changing while it was read: rows came twice or were missed, or columns changed."""

    code = "changed_while_read"
    retryable = True
    sentence = _("The data kept changing while it was being read. Request it again at a quieter time.")


class DatastoreUnreachable(SourceError):
    """The DataStore's database is away, too slow, or refuses our role; another try may go through the API."""

    code = "datastore_unreachable"
    retryable = True
    sentence = _("The database of the data portal could not be reached, or did not answer in time.")


# ----------------------------------------------------------------- the format


class FormatError(PackagerError):
    """The data cannot be written in the requested format."""

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
    """The package could not be stored."""

    code = "store"
    retryable = True
    sentence = _("The package could not be stored.")


class StoreFull(StoreError):
    """There is no space left for packages."""

    code = "store_full"
    sentence = _("There is no space left to store the package.")


class StoreUnavailable(StoreError):
    """The store for packages is read-only, gone or does not answer."""

    code = "store_unavailable"
    sentence = _("The storage for packages is not available at the moment.")


class DownloadsBusy(StoreError):
    """The web server sends as many packages as it may at a time."""

    code = "downloads_busy"
    sentence = _("Many packages are being downloaded at the moment.")


class PackageLost(StoreError):
    """The file of the package is missing from the store."""

    code = "package_lost"
    retryable = False
    sentence = _("The file of this package is no longer there.")


# --------------------------------------------------------------- the database


class Unavailable(PackagerError):
    """The portal's own database is locked or unavailable."""

    code = "unavailable"
    retryable = True
    sentence = _("The portal is unavailable at the moment. Try again in a minute.")


# ------------------------------------------------------------------ the build


class BuildError(PackagerError):
    """The build was interrupted."""

    code = "build"


class BuildCancelled(BuildError):
    """The request was cancelled during the build."""

    code = "cancelled"
    sentence = _("The request was cancelled.")


class BuildFenced(BuildError):
    """Another worker has taken over the build, so this one must stop and leave no trace."""

    code = "fenced"
    sentence = _("Another worker has taken over this request.")


class WorkerLost(BuildError):
    """The workers that built the package kept dying."""

    code = "worker_lost"
    retryable = True
    sentence = _("The process that built the package stopped unexpectedly.")


class BuildTimeout(BuildError):
    """The build took longer than builds are allowed to."""

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
    sentence = "The message could not be delivered yet. It will be tried again."


class MailMisconfigured(DeliveryDeferred):
    """The mail server refuses the portal itself: its sender address, its login, its host. It may be put right."""

    code = "mail_misconfigured"
    sentence = "The mail server does not accept email from this service. The email is kept and will be tried again."


class DeliveryPostponed(DeliveryError):
    """It is not its turn yet; nothing was tried.

    Args:
        seconds: until it is.
        reason: for staff.
        together: with all others of its receiver that wait like this, in one message.
    """

    code = "delivery_postponed"
    retryable = True
    sentence = "The message is waiting for its turn."

    def __init__(self, seconds: float, reason: str, *, together: bool = False) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.together = together


class DeliveryRefused(DeliveryError):
    """The receiver does not want it, now or later."""

    code = "delivery_refused"
    sentence = "The receiving server rejected the message for good."


class DeliveryUnwanted(DeliveryError):
    """The receiver has stopped messages of ours."""

    code = "delivery_unwanted"
    sentence = "The recipient has unsubscribed from this service."
