"""What staff see of requests, errors, packages and deliveries. No rule of the domain lives here."""

from packager.admin.api_keys import ApiKeyAdmin
from packager.admin.errors import ErrorAdmin
from packager.admin.requests import RequestAdmin
from packager.admin.sites import CkanSiteAdmin
from packager.admin.things import DeliveryAdmin, PackageAdmin

__all__ = ["ApiKeyAdmin", "CkanSiteAdmin", "DeliveryAdmin", "ErrorAdmin", "PackageAdmin", "RequestAdmin"]
