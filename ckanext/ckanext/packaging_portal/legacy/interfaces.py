"""The interface of ckanext-ckanpackager.

Other extensions import it as ``ckanext.ckanpackager.interfaces``. Where that package is still installed, the class is
its own; else the module is offered under that name, for those plugins that ``ckan.plugins`` lists after ours.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ckan.plugins.interfaces import Interface

OLD_NAME = "ckanext.ckanpackager.interfaces"


class _ICkanPackager(Interface):
    """Lets an extension see and change what is asked for."""

    def before_package_request(
        self, resource_id: str, package_id: str, packager_url: str, request_params: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Called before a package is asked for.

        :param resource_id: the resource
        :param package_id: its dataset
        :param packager_url: where ckanext-ckanpackager would have posted it; what is returned for it is ignored
        :param request_params: what would have been posted: ``resource_id``, ``email``, ``format``, ``filters`` (JSON),
            ``q``, ``limit``, ``offset``, ``sort``. No secret and no key
        :returns: the address and the parameters
        """
        return packager_url, request_params


def _interface() -> Any:
    try:
        from ckanext.ckanpackager.interfaces import ICkanPackager
    except ImportError:
        _ICkanPackager.__name__ = "ICkanPackager"
        package, module = ModuleType(OLD_NAME.rpartition(".")[0]), ModuleType(OLD_NAME)
        package.__path__ = []
        module.ICkanPackager, package.interfaces = _ICkanPackager, module
        sys.modules.setdefault(package.__name__, package)
        sys.modules.setdefault(OLD_NAME, module)
        return _ICkanPackager
    return ICkanPackager


ICkanPackager = _interface()
