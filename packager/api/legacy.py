"""The wire contract of ckanpackager: what existing CKAN sites and their scripts send and expect."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.utils.crypto import constant_time_compare
from rest_framework import exceptions
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from packager.api.bodies import LARGEST_FORM, JsonBody, announced
from packager.api.v1 import problems
from packager.api.v1.base import AlwaysJson
from packager.errors import BodyTooLarge, NotAuthorized, PackagerError, RequestError, Unavailable
from packager.intake import validation
from packager.lifecycle import maintenance, requests
from packager.lifecycle.patience import AWAY
from packager.models import UNDER_WAY, Kind, new_reference
from packager.presentation import service_status
from packager.security import sites, throttles
from packager.submission import Submission

log = logging.getLogger(__name__)
#: The formats that ``/package_dwc_archive`` knows: how the files inside the archive are written.
DIALECTS = ["csv", "tsv"]


class LegacyView(APIView):
    """Base of the ckanpackager endpoints: POST only, form or JSON, the secret before anything else.

    Subclasses answer in ``handle``; its answer gets the two words for success, which differ between the endpoints of
    the original.
    """

    authentication_classes = ()
    permission_classes = ()
    parser_classes = (FormParser, JsonBody, MultiPartParser)
    content_negotiation_class = AlwaysJson
    http_method_names = ["post"]
    schema = None
    largest_body: ClassVar[int] = LARGEST_FORM
    #: What ``status`` says in a good answer.
    status_word: object = "success"
    #: Whether a CKAN site's own secret opens this endpoint; those that concern all sites want PACKAGER_SECRET.
    for_sites = False
    #: The site whose own secret came.
    site: sites.CkanSite | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Judge the body by its header. The secret comes in it, so it is read before anybody is known."""
        super().initial(request, *args, **kwargs)
        if announced(request) > self.largest_body:
            raise BodyTooLarge("The body of the request is too large")

    def post(self, request: Request) -> Response:
        """Answer, or say in the contract's words why not."""
        form = self._form(request)
        self._check_secret(str(form.get("secret") or ""), request.META.get("REMOTE_ADDR", ""))
        return Response({"status": self.status_word, "success": True, **self.handle(form)})

    def _check_secret(self, given: str, caller: str) -> None:
        """Raises NotAuthorized, and Throttled for who has guessed too often: the right one does not count then."""
        guesses, rate = f"secret:{caller}", settings.PACKAGER_THROTTLE_SECRET
        if wait := throttles.wait(guesses, rate):
            raise exceptions.Throttled(wait)
        sent, secret = given.encode(errors="replace"), settings.PACKAGER_SECRET
        if secret and constant_time_compare(sent, secret.encode()):
            return
        self.site = sites.site_with_secret(sent.decode()) if sent and self.for_sites else None
        if self.site is None:
            if wait := throttles.take(guesses, rate):
                raise exceptions.Throttled(wait)  # others guessed at the same moment
            raise NotAuthorized("Wrong/missing secret")

    def handle(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to ``form``. Raises PackagerError."""
        raise exceptions.MethodNotAllowed("POST")

    @staticmethod
    def _form(request: Request) -> Mapping[str, Any]:
        try:
            data = request.data
        except RequestDataTooBig:
            raise BodyTooLarge("The body of the request is too large") from None
        except SuspiciousOperation:
            # too many fields
            raise exceptions.ParseError from None
        if not isinstance(data, Mapping):
            raise RequestError("The body must be a JSON object")
        return {name: data.get(name) for name in data}

    def handle_exception(self, error: Exception) -> Response:
        """Every failure in the contract's envelope, none of them with internals."""
        status, name, message = _describe(error)
        body = {"status": "failed", "success": False, "error": name, "message": message}
        if status >= 500:
            body["reference"] = new_reference()
            log.error("%s failed, reference %s", self.request.path, body["reference"], exc_info=error)
        return Response(body, status=status, headers=problems.retry_after(error), exception=True)


def _describe(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, NotAuthorized):
        return 401, "NotAuthorizedError", error.problem
    if isinstance(error, RequestError):
        return 413 if isinstance(error, BodyTooLarge) else 400, "BadRequestError", error.problem
    if isinstance(error, exceptions.ParseError):
        return 400, "BadRequestError", "The body of the request could not be read"
    if isinstance(error, exceptions.APIException):
        return error.status_code, type(error).__name__, str(error.detail)
    if isinstance(error, AWAY):
        return 503, "ServiceUnavailable", Unavailable.sentence
    message = error.message if isinstance(error, PackagerError) else PackagerError.sentence
    return 500, "InternalError", message


class PackageView(LegacyView):
    """Base of the three endpoints that take a request."""

    for_sites = True
    #: What is asked for, beside what every request has. Raises RequestError.
    fields: ClassVar[staticmethod[[Mapping[str, Any]], dict[str, Any]]]

    def handle(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Submit it; the answer says where to look."""
        submission = self.submission(form)
        if self.site is not None and submission.ckan_host != self.site.host:
            field = "resource_url" if submission.kind == Kind.URL else "api_url"
            raise RequestError(f"Parameter {field} is not an address of the site whose secret came", field=field)
        request = requests.submit(submission)
        return {
            "message": settings.PACKAGER_SUCCESS_MESSAGE,
            "request_id": str(request.pk),
            "status_url": request.status_url,
        }

    def submission(self, form: Mapping[str, Any]) -> Submission:
        """What ``form`` asks for. Raises RequestError."""
        own = self.fields(form)
        validation.required("email", form.get("email"))
        resource_id = validation.required("resource_id", form.get("resource_id"))
        return Submission(**own, resource_id=resource_id, **validation.carried_fields("legacy", form))


class PackageDatastoreView(PackageView):
    """``/package_datastore``: rows of the datastore."""

    fields = staticmethod(validation.table_fields)


class PackageDwcArchiveView(PackageDatastoreView):
    """``/package_dwc_archive``: rows of the datastore as a Darwin Core Archive."""

    def submission(self, form: Mapping[str, Any]) -> Submission:
        """What ``form`` asks for. Raises RequestError."""
        dialect = validation.optional("format", form.get("format")).lower() or "csv"
        options = {
            "dialect": validation.choice("format", dialect, DIALECTS),
            "eml": validation.optional("eml", form.get("eml")),
            "for_gbif": validation.truth("for_gbif", form.get("for_gbif")) or False,
        }
        return replace(super().submission({**form, "format": "dwca"}), options=options)


class PackageUrlView(PackageView):
    """``/package_url``: a file."""

    fields = staticmethod(validation.file_fields)


class StatusView(LegacyView):
    """``/status`` (and POST to ``/``): how busy the service is."""

    for_sites = True

    def handle(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Workers, requests that wait, requests that are done."""
        now = service_status.overview()
        return {
            "worker_count": now.workers,
            "queue_length": now.queued,
            "processed_requests": sum(now.requests.values()) - sum(now.requests[state] for state in UNDER_WAY),
        }


class ClearCachesView(LegacyView):
    """``/clear_caches``: delete the packages."""

    def handle(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """Delete every package that is kept."""
        maintenance.clear_packages()
        return {"message": "Done."}
