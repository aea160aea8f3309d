"""How large the body of a call may be, judged by its header before a byte of it is read; no file is ever taken in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from packager.api.bodies import announced


class NoFiles(FileUploadHandler):
    """Nothing that the portal is sent is a file: what claims to be one is read over, and kept nowhere."""

    def new_file(self, *_: Any, **__: Any) -> None:
        """Raises SkipFile."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never called."""

    def file_complete(self, file_size: int) -> None:
        """Never called."""


class BodyLimit(MiddlewareMixin):
    """413 for a body beyond all need, before anybody reads it: the form of a log-in is read before one is logged in.

    Views with a ``largest_body`` judge it themselves, and answer in their own words.
    """

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        """The answer to what is too large; None for the rest."""
        if hasattr(getattr(view, "cls", None), "largest_body"):
            return None
        if announced(request) <= (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
            return None
        return HttpResponse("The body of the request is too large.", status=413, content_type="text/plain")
