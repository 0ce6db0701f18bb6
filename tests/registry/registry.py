"""A registry of a few made-up studies on loopback, whose answers a test changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.loopback import Loopback, Reply, Request, serving

DAY = "2026-11-27T09:00:05"


def study(number: int, **identification: Any) -> dict[str, Any]:
    return {
        "protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}"} | identification},
        "hasResults": False,
    }


@dataclass
class Registry:
    """Answers requests for ``/version`` and ``/studies``; ``before`` may answer a page instead, or change things."""

    studies: list[dict[str, Any]]
    version: str = DAY
    page: int = 2
    before: Callable[[Request], Reply | None] = lambda _: None
    versions: list[str] = field(default_factory=list)
    """Versions to be sent first."""

    def list(self, request: Request) -> Reply:
        reply = self.before(request)
        if reply is not None:
            return reply
        params = request.params
        token = params.get("pageToken", f"{self.version}.0")
        version, _, start = token.rpartition(".")
        if version != self.version:
            return Reply("The page token is not valid", 400, {"Content-Type": "text/plain"})
        begin, size = int(start), min(self.page, int(params["pageSize"]))
        studies = self.studies
        if "filter.ids" in params:
            wanted = params["filter.ids"].split("|")
            studies = [study for study in studies if wanted_by(study, wanted)]
        page: dict[str, Any] = {"totalCount": len(studies)} if params.get("countTotal") else {}
        page["studies"] = studies[begin : begin + size]
        if begin + size <= len(studies):  # also after the last page, if it is full
            page["nextPageToken"] = f"{version}.{begin + size}"
        return Reply(json.dumps(page, separators=(",", ":")))

    def tell_version(self, _: Request) -> Reply:
        version = self.versions.pop(0) if self.versions else self.version
        return Reply(json.dumps({"apiVersion": "2.0.5", "dataTimestamp": version}))


def wanted_by(study: dict[str, Any], numbers: list[str]) -> bool:
    module = study["protocolSection"]["identificationModule"]
    return any(number in (module["nctId"], *module.get("nctIdAliases", ())) for number in numbers)


@contextmanager
def running(registry: Registry) -> Iterator[Loopback]:
    """Run the registry; its API is at ``server.url``."""
    routes = {"/version": registry.tell_version, "/studies": registry.list}
    with serving(routes) as server:
        yield server
