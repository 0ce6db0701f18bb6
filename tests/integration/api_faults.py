"""What goes wrong between a client and the API: faults that the local server injects into its answers.

A fault changes an answer on its way (an error status, a cut body, a connection that stalls), or the data behind it
(a version that moves while a listing is read, a study that vanishes between two pages).
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.api_server import ApiServer

HTML = b"""<!DOCTYPE html>
<html><head><title>Just a moment...</title></head>
<body><h1>Just a moment...</h1><p>Checking that you are not a robot.</p></body></html>
"""
UNAVAILABLE = b"""<html><head><title>503 Service Temporarily Unavailable</title></head>
<body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html>
"""


@dataclass(frozen=True)
class Answer:
    """What the server sends: a status, headers and a body, and how the body travels.

    Of the body only the first ``cut`` bytes are sent, although ``length`` is told; then the connection ends, after a
    pause of ``stall`` seconds. ``drip`` is the pause after each byte. With ``reset`` the connection breaks at once.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    is_chunked: bool = False
    cut: int | None = None
    stall: float = 0.0
    drip: float = 0.0
    reset: bool = False
    key: object = None
    """What the body depends on, if it is worth to be kept."""

    def replace(self, **changes: object) -> Answer:
        return dataclasses.replace(self, **{"key": None} | changes)  # type: ignore[arg-type]


def text(status: int, message: str, **headers: str) -> Answer:
    """An answer of the API that is a sentence."""
    return Answer(message.encode(), status, {"Content-Type": "text/plain; charset=UTF-8"} | headers)


class Refusal(Exception):  # noqa: N818 -- it is an answer
    """An answer that is a sentence: a status and a text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = text(status, message)


@dataclass
class Fault:
    """A fault of one of the kinds in :data:`KINDS`, and the requests that it hits.

    Requests are counted from 1, from the moment that the fault is injected, among those of ``path`` (empty: all; it is
    what follows ``/api/v2``). It hits ``times`` requests from number ``at`` on, or, if ``probability`` is not 0, each
    request with this probability. Of several kinds one is drawn each time.
    """

    kind: str | Sequence[str]
    at: int = 1
    times: int = 1
    path: str = ""
    probability: float = 0.0
    retry_after: str | float | None = None
    """The header of a 429 or 503; one without it has none."""
    seconds: float = 3600.0
    """How long a connection stalls, or pauses after each byte."""
    share: float = 0.5
    """How much of a body is sent before it ends."""
    action: Callable[[ApiServer], None] | None = None
    """What the kind "call" does before the request is answered."""
    seen: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        unknown = {*self.kinds} - {*KINDS}
        assert not unknown, f"{unknown} are no kinds of faults"

    @property
    def kinds(self) -> tuple[str, ...]:
        return (self.kind,) if isinstance(self.kind, str) else tuple(self.kind)

    def drawn(self, path: str, random: Random) -> str:
        """Return the kind of fault that hits a request, or an empty string."""
        if self.path not in ("", path):
            return ""
        self.seen += 1
        hits = random.random() < self.probability if self.probability else 0 <= self.seen - self.at < self.times
        self.hits += hits
        return random.choice(self.kinds) if hits else ""


# -- faults of an answer ----------------------------------------------------------------------------------------


def _refused(status: int, body: bytes = b"", kind: str = "text/plain") -> Callable[[Answer, Fault], Answer]:
    def refused(_: Answer, fault: Fault) -> Answer:
        headers = {"Content-Type": kind}
        if fault.retry_after is not None and status in (429, 503):
            headers["Retry-After"] = str(fault.retry_after)
        return Answer(body, status, headers)

    return refused


def _cut(answer: Answer, fault: Fault) -> Answer:
    return answer.replace(cut=int(len(answer.body) * fault.share), is_chunked=False)


def _cut_chunked(answer: Answer, fault: Fault) -> Answer:
    return answer.replace(cut=int(len(answer.body) * fault.share), is_chunked=True)


def _short(answer: Answer, fault: Fault) -> Answer:
    """A body that ends early although its length is right, as behind a broken cache."""
    return answer.replace(body=answer.body[: int(len(answer.body) * fault.share)])


def _corrupt(answer: Answer, _: Fault) -> Answer:
    """Bytes in the middle that are others: what is compressed cannot be read, and what is not is no JSON."""
    middle = len(answer.body) // 2
    return answer.replace(body=answer.body[:middle] + b"\xff\x00\xff\x00" + answer.body[middle + 4 :])


def _stall(answer: Answer, fault: Fault) -> Answer:
    return answer.replace(cut=int(len(answer.body) * fault.share), stall=fault.seconds)


def _drip(answer: Answer, fault: Fault) -> Answer:
    return answer.replace(drip=fault.seconds)


def _reset(answer: Answer, _: Fault) -> Answer:
    return answer.replace(reset=True)


def _page(change: Callable[[dict[str, object]], object]) -> Callable[[Answer, Fault], Answer]:
    """A fault of a page: what is in it is changed; an answer that is no page stays as it is."""

    def changed(answer: Answer, _: Fault) -> Answer:
        if not re.match(rb'\{("totalCount":\d+,)?"studies"', answer.body):
            return answer
        page = json.loads(answer.body)
        change(page)
        return answer.replace(body=json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode())

    return changed


def _without_last(page: dict[str, object]) -> None:
    studies = page["studies"]
    assert isinstance(studies, list)
    del studies[-1:]


def _without_studies(page: dict[str, object]) -> None:
    page["studies"] = []


CONTENT: dict[str, Callable[[Answer, Fault], Answer]] = {
    "429": _refused(429, b"Too Many Requests"),
    "408": _refused(408, b"Request Timeout"),
    "500": _refused(500, b"Internal Server Error"),
    "502": _refused(502, b"<html><head><title>502 Bad Gateway</title></head></html>", "text/html"),
    "503": _refused(503, UNAVAILABLE, "text/html"),
    "504": _refused(504, b"upstream request timeout"),
    "403": _refused(403, b"<html><head><title>403 Forbidden</title></head></html>", "text/html"),
    "html": _refused(200, HTML, "text/html; charset=utf-8"),
    "html as json": _refused(200, HTML, "application/json"),
    "empty": _refused(200, b"", "application/json"),
    "another shape": _refused(200, b'{"error":{"code":503,"message":"try again"}}', "application/json"),
    "null": _refused(200, b"null", "application/json"),
    "short": _short,
    "no token": _page(lambda page: page.pop("nextPageToken", None)),
    "study left out": _page(_without_last),
    "no studies": _page(_without_studies),
}
"""The faults of a content, before it is compressed."""

TRANSPORT: dict[str, Callable[[Answer, Fault], Answer]] = {
    "cut": _cut,
    "cut chunked": _cut_chunked,
    "short transfer": _short,
    "corrupt": _corrupt,
    "stall": _stall,
    "stall at once": lambda _, fault: Answer(cut=-1, stall=fault.seconds),
    "drip": _drip,
    "reset": _reset,
}
"""The faults of an answer on its way."""


# -- faults of the data -----------------------------------------------------------------------------------------


def _vanish(server: ApiServer) -> None:
    """The last study of the server is gone, and its version is the same."""
    server.remove(next(reversed(server.records)))


def _vanish_first(server: ApiServer) -> None:
    server.remove(next(iter(server.records)))


def _change(server: ApiServer) -> None:
    """The last study of the server says another thing, and its version is the same."""
    record = server.records[next(reversed(server.records))]
    record["protocolSection"]["identificationModule"]["briefTitle"] += " (changed)"
    server.set(record)


DATA: dict[str, Callable[[ApiServer], None]] = {
    "move": lambda server: server.move(),
    "dead token": lambda server: server.forget_tokens(),
    "vanish": _vanish,
    "vanish first": _vanish_first,
    "change": _change,
}
"""The faults of the data, which happen before a request is answered."""

KINDS = (*CONTENT, *TRANSPORT, *DATA, "call", "same page")
PASSING = (
    *("429", "408", "500", "502", "503", "504", "html", "html as json", "empty", "null", "another shape"),
    *("short", "short transfer", "cut", "cut chunked", "corrupt", "reset"),
)
"""Kinds after which the same request succeeds."""
