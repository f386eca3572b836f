"""managedFields: what nobody reads and every object carries. They make up half of a real object's bytes."""

from typing import Any


def managed_fields(
    body: dict[str, Any], api_version: str, manager: str, time: str, status_manager: str = ""
) -> dict[str, Any]:
    """The same body with managedFields of one manager for the spec and one for the status."""
    fields: dict[str, Any] = {}
    metadata = {key: body["metadata"][key] for key in ("annotations", "labels") if key in body["metadata"]}
    if metadata:
        fields["f:metadata"] = _fields(metadata)
    if body.get("spec"):
        fields["f:spec"] = _fields(body["spec"])
    entries = [_entry(api_version, manager, time, fields)]
    if body.get("status"):
        status = _entry(api_version, status_manager or manager, time, {"f:status": _fields(body["status"])})
        entries.append({**status, "subresource": "status"})
    body["metadata"]["managedFields"] = entries
    return body


def _entry(api_version: str, manager: str, time: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{key}": _fields(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        for key in ("name", "type", "ip", "key"):
            if all(isinstance(item, dict) and key in item for item in value):
                return {f'k:{{"{key}":"{item[key]}"}}': {".": {}, **_fields(item)} for item in value}
    return {}
