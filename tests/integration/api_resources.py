"""What the local API server says of its data model, its codes and the sizes of its records."""

from __future__ import annotations

import json

from tests.integration.api_query import ENUMS
from tests.integration.api_records import Records
from tests.integration.api_search import AREAS, METADATA, PARAMETERS, fields


def metadata() -> object:
    """The fields of the data model."""
    return json.loads(METADATA.read_text("utf-8"))


def enums() -> object:
    """The lists of codes, and the pieces that use them."""
    types = json.loads(ENUMS.read_text("utf-8"))
    pieces: dict[str, list[str]] = {name: [] for name in types}
    for name, field in fields().items():
        if "." not in name and field.type.removesuffix("[]") in pieces:
            pieces[field.type.removesuffix("[]")].append(name)
    return [
        {"type": name, "pieces": pieces[name], "values": [{"value": each, "legacyValue": each} for each in types[name]]}
        for name in types
    ]


def search_areas() -> object:
    """The search areas, and the parameters that use them."""
    part = {"isEnum": False, "isSynonyms": True, "type": "text", "weight": 1.0}
    used = {area: parameter.removeprefix("query.") for parameter, area in PARAMETERS.items()}
    areas = [{"name": area, "param": used[area], "parts": [part | {"pieces": AREAS[area].split()}]} for area in AREAS]
    return [{"name": "Study", "areas": areas}]


def sizes(records: Records) -> object:
    """The number of records, and the sizes of their JSON."""
    size = {number: len(record) for number, record in records.json.items()}
    order = sorted(size.values()) or [0]
    return {
        "totalStudies": len(size),
        "averageSizeBytes": sum(size.values()) // max(1, len(size)),
        "percentiles": {str(each): order[(len(order) - 1) * each // 100] for each in range(10, 101, 10)},
        "ranges": [{"sizeRange": "0 - 10 MB", "studiesCount": len(size)}],
        "largestStudies": [
            {"id": number, "sizeBytes": size[number]} for number in sorted(size, key=lambda each: -size[each])[:10]
        ],
    }
