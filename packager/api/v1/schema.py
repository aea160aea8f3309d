"""The OpenAPI document, and a page on which people read and try it."""

from __future__ import annotations

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from packager.api.v1 import problems


class _TellsProblems(APIView):
    def get_exception_handler(self) -> Any:
        return problems.answer

    def handle_exception(self, exc: Exception) -> Response:
        # a failure is JSON, whatever the view answers otherwise
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)


class SchemaView(_TellsProblems, SpectacularAPIView):
    """``/api/v1/schema/``: YAML, or JSON with ``?format=json``."""

    schema = None
    throttle_classes = ()


# Swagger UI writes style attributes into its page; scripts stay as strict as everywhere.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class DocsView(_TellsProblems, SpectacularSwaggerSplitView):
    """``/api/v1/docs/``: Swagger UI, its files served by us."""

    schema = None
    throttle_classes = ()
    url_name = "v1:schema"


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Adds to the document what the generator cannot know: that fields nobody knows are refused."""
    result["components"]["schemas"]["PackageRequestCreate"]["additionalProperties"] = False
    return result
