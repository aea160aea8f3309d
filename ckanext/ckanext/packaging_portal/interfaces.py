"""What other plugins may take part in."""

from __future__ import annotations

from typing import Any

from ckan.plugins.interfaces import Interface


class IPackagingPortal(Interface):
    """Lets a plugin see and change what people ask for on the page."""

    def before_package_request(self, package_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Called before a package is asked for.

        :param package_id: the dataset
        :param asked: what ``packaging_portal_request_create`` is going to be given
        :returns: what it shall be given. A ``ValidationError`` is shown above the form
        """
        return asked
