"""The plugin ``packaging_portal_legacy``."""

from __future__ import annotations

import json
from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk

from ckanext.packaging_portal import settings
from ckanext.packaging_portal.interfaces import IPackagingPortal
from ckanext.packaging_portal.legacy import helpers, logic, views
from ckanext.packaging_portal.legacy.interfaces import ICkanPackager

#: What other extensions may change, of all that ckanext-ckanpackager would have posted.
CHANGEABLE = ("email", "format", "filters", "q", "sort", "limit", "offset")


@tk.blanket.helpers(helpers)
class PackagingPortalLegacyPlugin(p.SingletonPlugin):
    """What ckanext-ckanpackager offered to themes and other extensions, under the same names."""

    p.implements(p.IConfigurer)
    p.implements(p.IBlueprint)
    p.implements(p.IActions)
    p.implements(p.IAuthFunctions)
    p.implements(IPackagingPortal)

    def update_config(self, config: Any) -> None:
        """See ``IConfigurer``."""
        tk.add_template_directory(config, "templates")

    def get_blueprint(self) -> Any:
        """See ``IBlueprint``."""
        return views.ckanpackager

    def get_actions(self) -> dict[str, Any]:
        """See ``IActions``."""
        return {"packager_stats": logic.packager_stats}

    def get_auth_functions(self) -> dict[str, Any]:
        """See ``IAuthFunctions``."""
        return {"packager_stats": logic.packager_stats_auth}

    def before_package_request(self, package_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Ask the plugins that implement ``ICkanPackager``."""
        params = {name: asked[name] for name in ("resource_id", *CHANGEABLE) if name in asked}
        params |= {"filters": json.dumps(asked["filters"])} if "filters" in asked else {}
        url = f"{settings.portal_url()}/package_datastore"
        for plugin in p.PluginImplementations(ICkanPackager):
            url, params = plugin.before_package_request(asked["resource_id"], package_id, url, params)
        kept = {name: value for name, value in asked.items() if name not in CHANGEABLE}
        return kept | {name: params[name] for name in CHANGEABLE if name in params}
