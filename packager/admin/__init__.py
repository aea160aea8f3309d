"""What staff see of requests, errors, packages and deliveries. No rule of the domain lives here."""

from packager.admin.access import ApiKeyAdmin, CkanSiteAdmin
from packager.admin.errors import ErrorAdmin
from packager.admin.requests import RequestAdmin
from packager.admin.things import DeliveryAdmin, PackageAdmin

__all__ = ["ApiKeyAdmin", "CkanSiteAdmin", "DeliveryAdmin", "ErrorAdmin", "PackageAdmin", "RequestAdmin"]
