"""What people call a resource: its title, its dataset's and its organisation's, and what is shown where nobody knows.

Titles come from the data portal, and only workers ask for them (``lifecycle.titles``). Whoever may read a request may
read the titles kept with it; ``PublicTitles`` holds only what the data portal tells everybody.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import models
from django.utils.translation import gettext as _

from packager.streaming.facts import LONGEST_TITLE, Titles

#: As much of an id as tells it apart at a glance.
SHORT = 8
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def title_field() -> models.CharField[str, str]:
    """A column for a title."""
    return models.CharField(max_length=LONGEST_TITLE, blank=True, default="")


class Titled(models.Model):
    """Something that belongs to a resource, and knows what that is called. Titles are empty where nobody knows them."""

    resource_title = title_field()
    dataset_title = title_field()
    organization_title = title_field()
    dataset_name = models.CharField(max_length=255, blank=True, default="", help_text="its name in CKAN's addresses")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.resource_label

    @property
    def titles(self) -> Titles:
        """All of them."""
        return Titles(**{name: getattr(self, name) for name in Titles.NAMES})

    @titles.setter
    def titles(self, titles: Titles) -> None:
        for name, value in titles.columns.items():
            setattr(self, name, value)

    @property
    def resource_name(self) -> str:
        """What people call the resource; empty where nobody knows."""
        return name(self.titles, getattr(self, "resource_url", ""))

    @property
    def resource_label(self) -> str:
        """What to call the resource, never empty. See ``label``."""
        own: Any = self
        return label(self.titles, own.resource_id, getattr(own, "resource_url", ""))

    @property
    def dataset_label(self) -> str:
        """The title of the dataset, where the label of the resource does not say it already."""
        return self.dataset_title if self.dataset_title != self.resource_label else ""


class PublicTitles(Titled):
    """What a data portal tells everybody about a resource, as it was when it was asked for the last time.

    All titles are empty where it tells nothing: there is no such resource, or it is private.
    """

    ckan_host = models.CharField(max_length=255)
    resource_id = models.CharField(max_length=255)
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "public titles"
        constraints = (models.UniqueConstraint(fields=["ckan_host", "resource_id"], name="titles_once"),)


def name(titles: Titles, resource_url: str = "") -> str:
    """The title of a resource, else that of its dataset, else the name of its file; empty where there is none."""
    return titles.resource_title or titles.dataset_title or PurePosixPath(unquote(urlsplit(resource_url).path)).name


def label(titles: Titles, resource_id: str, resource_url: str = "") -> str:
    """What to call a resource, in the reader's language.

    Its ``name``, else the beginning of its id (``Resource 1a2b3c4d…``); an id that no machine made is a name already.
    """
    if known := name(titles, resource_url):
        return known
    short = short_id(resource_id)
    return short if short == resource_id else _("Resource %(id)s") % {"id": short}


def short_id(resource_id: str) -> str:
    """The beginning of an id that a machine made (``1a2b3c4d…``); any other one as it is."""
    return f"{resource_id[:SHORT]}…" if _ID.fullmatch(resource_id) else resource_id


def public_titles(ckan_host: str, resource_id: str) -> Titles:
    """What is known to the public of this resource, however long ago it was asked for."""
    found = PublicTitles.objects.filter(ckan_host=ckan_host, resource_id=resource_id).first()
    return found.titles if found else Titles()
