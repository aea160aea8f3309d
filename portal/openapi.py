"""How the API describes itself (drf-spectacular), for the settings."""

from __future__ import annotations

from packager import VERSION

SPECTACULAR_SETTINGS = {
    "TITLE": "Packaging Portal",
    "DESCRIPTION": "Gets data out of a CKAN data portal, complete, correct and fast, to the person who requested it.",
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
        {"name": "requests", "description": "Request packages and follow them."},
        {"name": "errors", "description": "What went wrong."},
        {"name": "changes", "description": "Data portals report which data has changed."},
        {"name": "statistics", "description": "Counts, without personal data."},
        {"name": "portal", "description": "What this portal is and can do."},
    ],
}
