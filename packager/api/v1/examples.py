"""Examples for the schema."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample

TABLE = OpenApiExample(
    "A table, filtered",
    value={
        "api_url": "https://data.example.org/api/3/action/datastore_search",
        "resource_id": "05ff2255-c38a-40c9-b657-4ccb55ab2feb",
        "filters": {"country": ["Brasil"]},
        "fields": ["_id", "scientificName", "country"],
        "format": "csv",
        "options": {"delimiter": ";", "excel_safe": True},
        "email": "ada@example.org",
    },
    request_only=True,
)
FILE = OpenApiExample(
    "A file",
    value={
        "resource_url": "https://data.example.org/files/map.tif",
        "resource_id": "6f1f1a9c-1f0e-4a8e-9d6d-0b6f6f6a2a11",
        "webhook_url": "https://hooks.example.org/packages",
    },
    request_only=True,
)
ESTIMATE = OpenApiExample(
    "A large table",
    value={
        "rows": 1000000,
        "columns": ["_id", "scientificName", "country"],
        "size": 31000000,
        "seconds": 6.2,
        "queue": "slow",
        "waiting": 0,
        "cached": False,
    },
    response_only=True,
    status_codes=["200"],
)
CHANGE = OpenApiExample(
    "Rows of a table have changed",
    value={
        "routing_key": "Datastore",
        "operation": "changed",
        "payload": {
            "resource_id": "05ff2255-c38a-40c9-b657-4ccb55ab2feb",
            "package_id": "8d5e5e7f-6f5b-4c0c-9a43-1f1f4ee4f1cd",
            "action": "datastore_upsert",
        },
    },
    request_only=True,
)
