"""How the API describes itself (drf-spectacular), for the settings."""

from __future__ import annotations

from packager import VERSION

SPECTACULAR_SETTINGS = {
    "TITLE": "Packaging Portal",
    "DESCRIPTION": "Gets data out of a CKAN data portal, whole, correct and fast, to the person who asked for it.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "packager.api.v1.schema.complete",
    ],
    "TAGS": [
        {"name": "requests", "description": "Packages that you ask for."},
        {"name": "errors", "description": "What went wrong."},
        {"name": "changes", "description": "What data portals tell of their changes."},
        {"name": "statistics", "description": "Sums without personal data."},
        {"name": "portal", "description": "What this portal is and can do."},
    ],
}
