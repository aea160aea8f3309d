"""A CKAN that keeps its DataStore in a dictionary: what a push asks of it, and faults as ordered."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

from werkzeug import Request, Response

TOKEN = "eyJ-token-of-ckan"


class FakeCkan:
    """Answers on a pytest_httpserver. ``faults`` are called with the action's name before each answer."""

    def __init__(self, httpserver):
        self.server = httpserver
        self.url = httpserver.url_for("/")
        self.resources, self.tables, self.calls, self.hooks, self.patches = {}, {}, [], [], []
        self.tasks = {}
        self.header = "Authorization"
        self.faults = []
        httpserver.expect_request("/api/3/action/datapusher_hook").respond_with_handler(self._hook)
        for name in ("resource_show", "resource_patch", "task_status_show", "datastore_search", "datastore_delete"):
            self._serve(name)
        for name in ("datastore_create", "datastore_upsert"):
            self._serve(name)

    def _serve(self, name):
        address = f"/api/3/action/{name}"
        self.server.expect_request(address).respond_with_handler(lambda request: self._answer(name, request))

    def _answer(self, name, request: Request) -> Response:
        self.calls.append(name)
        for fault in list(self.faults):
            if answer := fault(name):
                return answer
        if request.headers.get(self.header) != TOKEN:
            return failure(403, {"message": "Access denied", "__type": "Authorization Error"})
        return getattr(self, f"_{name}")(json.loads(request.get_data()))

    # -------------------------------------------------------------- resources

    def add_resource(self, id="r-1", url="http://example.org/file.csv", **facts):
        self.resources[id] = {"id": id, "name": "Sightings", "url": url, "url_type": "", "format": "CSV", **facts}
        return self.resources[id]

    def _resource_show(self, asked):
        found = self.resources.get(asked["id"])
        return success(found) if found else failure(404, {"message": "Not found", "__type": "Not Found Error"})

    def _resource_patch(self, asked):
        self.patches.append(asked)
        self.resources[asked["id"]].update(asked)
        return success(self.resources[asked["id"]])

    def _task_status_show(self, asked):
        found = self.tasks.get(asked["entity_id"])
        return success(found) if found else failure(404, {"message": "Not found"})

    def _hook(self, request):
        for fault in list(self.faults):
            if answer := fault("datapusher_hook"):
                return answer
        self.hooks.append((json.loads(request.get_data()), request.headers.get(self.header)))
        return success(None)

    # -------------------------------------------------------------- datastore

    def _datastore_search(self, asked):
        table = self.tables.get(asked["resource_id"])
        if table is None:
            return failure(404, {"message": "Not found", "__type": "Not Found Error"})
        fields = [{"id": "_id", "type": "int"}, *table["fields"]]
        return success({"total": len(table["records"]), "fields": fields, "records": []})

    def _datastore_delete(self, asked):
        if self.tables.pop(asked["resource_id"], None) is None:
            return failure(404, {"message": "Not found"})
        return success({})

    def _datastore_create(self, asked):
        self.tables[asked["resource_id"]] = {"fields": asked["fields"], "records": []}
        return success({})

    def _datastore_upsert(self, asked):
        table = self.tables[asked["resource_id"]]
        types = {field["id"]: field["type"] for field in table["fields"]}
        for record in asked["records"]:
            if wrong := [name for name, value in record.items() if not fits(types[name], value)]:
                return failure(409, {"records": [f"invalid input for {wrong[0]}"], "__type": "Validation Error"})
        if not asked.get("dry_run"):
            table["records"] += asked["records"]
        return success({})

    def rows(self, id="r-1"):
        """The table as lists, in its order."""
        table = self.tables[id]
        return [[record[field["id"]] for field in table["fields"]] for record in table["records"]]


def fits(kind, value):
    try:
        return value is None or kind != "numeric" or bool(Decimal(value)) or True
    except InvalidOperation:
        return False


def success(result):
    return Response(json.dumps({"success": True, "result": result}), content_type="application/json")


def failure(status, error):
    return Response(json.dumps({"success": False, "error": error}), status, content_type="application/json")


def once(action, answer):
    """A fault that happens at the first call of ``action``."""
    left = [answer]
    return lambda name: left.pop() if name == action and left else None
