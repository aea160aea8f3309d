"""What keeps a file out of the DataStore: one sentence each, fit for the public page of the resource in CKAN.

CKAN shows the sentence and every key of ``facts`` to everybody, in English as all of its log. So neither holds an API
key, the query of a URL, or an address of our own network.
"""

from __future__ import annotations

from packager.errors import PackagerError


class PushError(PackagerError):
    """A push failed. ``facts`` are shown beside the sentence."""

    code = "push"
    sentence = "The data could not be pushed."

    def __init__(self, detail: str = "", **params: object) -> None:
        self.facts: dict[str, object] = {}
        super().__init__(detail, **params)


class PushFenced(PushError):
    """Another worker has this job now, or it was cancelled: leave no trace."""

    code = "push_fenced"
    sentence = "Another worker has taken over this job."


class PushCancelled(PushError):
    """Staff, or whoever holds the job's key, cancelled it."""

    code = "push_cancelled"
    sentence = "The job was cancelled."


class PushSuperseded(PushError):
    """A newer job for the same resource came before this one began."""

    code = "push_superseded"
    sentence = "A newer job for this resource took the place of this one."


class PusherLost(PushError):
    """The process that pushed died, more often than we try again."""

    code = "pusher_lost"
    retryable = True
    sentence = "The process that loaded the file stopped unexpectedly."


class PushTimeout(PushError):
    """The job took longer than a job may take."""

    code = "push_timeout"
    retryable = True
    sentence = "Loading the file took too long and was stopped."


# ------------------------------------------------------------ the job as it came


class JobInvalid(PushError):
    """What CKAN sent is not enough to work with. ``problem`` is the whole sentence."""

    code = "job_invalid"
    sentence = "{problem}"

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)


# ---------------------------------------------------------------------- the file


class FileError(PushError):
    """The file cannot be had, or is no table."""

    code = "file"
    sentence = "The file could not be read."


class OnlyHttp(FileError):
    """The resource's address is of another kind."""

    code = "only_http"
    sentence = "Only http and https resources may be fetched."


class AddressNotAllowed(FileError):
    """The address, or one that it redirects to, is not one that may be fetched from."""

    code = "address_not_allowed"
    sentence = "The address of the file is not one that this service may fetch from."


class DownloadFailed(FileError):
    """The file's server did not hand it out."""

    code = "download_failed"
    sentence = "The file could not be downloaded: {reason}."

    def __init__(self, reason: str, *, url: str = "", status: int = 0, response: str = "") -> None:
        super().__init__(reason=reason)
        told = {"HTTP status code": status, "Requested URL": url, "Response": response}
        self.facts = {name: value for name, value in told.items() if value}


class TooLarge(FileError):
    """More bytes than are taken. ``doing`` is download or process."""

    code = "too_large"
    sentence = "Resource too large to {doing}: {size} > max ({most})."

    def __init__(self, doing: str, size: int, most: int) -> None:
        super().__init__(doing=doing, size=str(size), most=str(most))


class FileEmpty(FileError):
    """No byte, or no cell with anything in it."""

    code = "file_empty"
    sentence = "The file is empty."


class NotATable(FileError):
    """A web page, a picture, a PDF: ``what`` says which, with its article."""

    code = "not_a_table"
    sentence = "The file is {what}, not a table."

    def __init__(self, what: str) -> None:
        super().__init__(what=what)


class ArchiveProblem(FileError):
    """A ZIP or gzip file without exactly one readable table in it. ``problem`` is the whole sentence."""

    code = "archive"
    sentence = "{problem}."

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)


class TableDamaged(FileError):
    """The table cannot be read to its end. ``problem`` is the whole sentence."""

    code = "table_damaged"
    sentence = "{problem}."

    def __init__(self, problem: str) -> None:
        super().__init__(problem=problem)


class TooManyColumns(FileError):
    """PostgreSQL has room for no more than 1,600, and CKAN needs two."""

    code = "too_many_columns"
    sentence = "{columns} columns; a DataStore table holds at most {most}."


class RowTooBig(FileError):
    """A row of so many cells does not fit into a page of PostgreSQL's."""

    code = "row_too_big"
    sentence = "Row {row} has {size} bytes of short cells; a DataStore row holds at most {most}."


# ----------------------------------------------------------------------- CKAN


class CkanError(PushError):
    """CKAN did not do what it was asked."""

    code = "ckan"
    sentence = "CKAN could not be used."


class CkanRefused(CkanError):
    """CKAN answered with an error. ``reason`` is CKAN's own sentence, or code and address of the answer."""

    code = "ckan_refused"
    sentence = "{reason}"

    def __init__(self, reason: str, *, status: int = 0) -> None:
        self.status = status
        super().__init__(reason=reason)


class CkanAway(CkanError):
    """CKAN cannot be reached, or is overloaded: try again later."""

    code = "ckan_away"
    retryable = True
    sentence = "CKAN could not be reached."


class RowRefused(CkanError):
    """CKAN does not take a row."""

    code = "row_refused"
    sentence = "CKAN refused row {row}: {reason}."


class RowsMissing(CkanError):
    """CKAN has another number of rows than were sent."""

    code = "rows_missing"
    retryable = True
    sentence = "CKAN holds {got} rows instead of the {expected} of the file."


class DatabaseRefused(CkanError):
    """The datastore's database did not take the rows."""

    code = "database_refused"
    sentence = "The DataStore's database refused the rows: {reason}."


class DatabaseAway(CkanError):
    """The datastore's database cannot be reached."""

    code = "database_away"
    retryable = True
    sentence = "The DataStore's database could not be reached."
