"""The plugin ``packaging_portal_legacy``."""

from __future__ import annotations

import ckan.plugins as p


class PackagingPortalLegacyPlugin(p.SingletonPlugin):
    """What ckanext-ckanpackager offered to themes and other extensions."""
