"""Answers behind a link that is itself the permission: whoever has it may see what it leads to.

Short, because pages and downloads, which share it, must not know each other.
"""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.cache import patch_cache_control


def private(response: HttpResponse) -> HttpResponse:
    """``response``, kept by nobody and found by no search engine."""
    patch_cache_control(response, private=True, no_store=True)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
