"""The Packaging Portal inside CKAN."""

from ckanext.packaging_portal.errors import PortalUnavailable

__all__ = ["PortalUnavailable"]
