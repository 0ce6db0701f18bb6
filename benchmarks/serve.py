"""Measure ``kg serve``: the time until the first page, and pages under a load of many users.

    python benchmarks/serve.py DATA [--users 20] [--seconds 30]

DATA is a store, or records from which one is built first. Each user requests pages one after another without a pause:
lists with three facets, searches, maps, studies, suggestions and small queries, drawn at random with a fixed seed.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent))

from kg.export.report import Report
from kg.store.dataset import is_store
from kg.store.embedded import build

TOP = Path(__file__).parent.parent
PORT = 8399
KINDS = ("list", "search", "map", "charts", "study", "suggest", "sparql")
SHARES = (40, 10, 5, 5, 20, 15, 5)
"""Requests of each kind, in percent."""
Times = dict[str, list[float]]


class Client:
    """A connection that stays open."""

    def __init__(self) -> None:
        self._connection = HTTPConnection("127.0.0.1", PORT, timeout=120)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the body of a response."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        return response.status, response.read()


@contextmanager
def server(store: Path) -> Iterator[dict[str, float]]:
    """Run a server; yield the seconds until its start page and its first list were answered."""
    started = time.monotonic()
    command = [sys.executable, "-m", "kg", "serve", str(store), "--port", str(PORT)]
    process = subprocess.Popen(command, cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield {path: _first(path, started) for path in ("/", "/studies")}
    finally:
        process.terminate()
        process.wait()


def _first(path: str, started: float) -> float:
    """Return the seconds until a page is answered; a list that is being prepared is requested again."""
    while True:
        try:
            status, _ = Client().get(path)
        except OSError:
            status = 0
        if status == 200:
            return time.monotonic() - started
        if time.monotonic() - started > 300:
            raise SystemExit(f"{path} was not answered.")
        time.sleep(0.01)


class Requests:
    """Random requests about the data of a server."""

    def __init__(self) -> None:
        data = orjson.loads(Client().get("/studies.json")[1])
        self.studies = data["studies"]
        self._values = {
            key: [item["key"] for item in values[:12] if item["count"]] for key, values in data["facets"].items()
        }

    def path(self, kind: str, draw: random.Random) -> str:
        """Return the path of a request of a kind."""
        make: dict[str, Callable[[], str]] = {
            "list": lambda: f"/studies?{self._facets(draw, 3)}",
            "search": lambda: f"/studies?{urlencode({'q': self._word(draw)})}",
            "map": lambda: f"/studies?view=map&{self._facets(draw, 1)}",
            "charts": lambda: f"/studies?view=charts&{self._facets(draw, 1)}",
            "study": lambda: f"/study/{draw.choice(self.studies)['id']}",
            "suggest": lambda: f"/suggest?{urlencode({'q': self._word(draw)[:5]})}",
            "sparql": lambda: f"/sparql?{urlencode({'query': self._query(draw)})}",
        }
        return make[kind]()

    def _facets(self, draw: random.Random, number: int) -> str:
        keys = draw.sample(("status", "phase", "condition", "country", "class", "group", "kind"), number)
        return urlencode([(key, draw.choice(self._values[key])) for key in keys])

    def _word(self, draw: random.Random) -> str:
        return max(draw.choice(self.studies)["title"].split(), key=len)

    def _query(self, draw: random.Random) -> str:
        return f"SELECT ?p ?o {{ <{draw.choice(self.studies)['iri']}> ?p ?o }}"


def single(requests: Requests) -> Times:
    """Return the seconds of requests of each kind, one after another."""
    draw, client, times = random.Random(1), Client(), defaultdict[str, list[float]](list)
    for kind in KINDS:
        for _ in range(40):
            _timed(client, requests.path(kind, draw), times[kind])
    return times


def loaded(requests: Requests, users: int, seconds: float) -> Times:
    """Return the seconds of requests of each kind while many users send them."""
    times = defaultdict[str, list[float]](list)
    end = time.monotonic() + seconds

    def user(number: int) -> None:
        draw, client = random.Random(number), Client()
        while time.monotonic() < end:
            kind = draw.choices(KINDS, SHARES)[0]
            _timed(client, requests.path(kind, draw), times[kind])

    threads = [threading.Thread(target=user, args=(number,)) for number in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _timed(client: Client, path: str, times: list[float]) -> None:
    started = time.perf_counter()
    status, _ = client.get(path)
    times.append(time.perf_counter() - started)
    if status not in (200, 303):
        raise SystemExit(f"{path} was answered with status {status}.")


def report(title: str, times: Times) -> None:
    """Print the median, the 99th percentile and the maximum of each kind in milliseconds."""
    print(f"\n{title}\n{'':10}{'requests':>10}{'median':>10}{'99 %':>10}{'maximum':>10}  ms")
    everything = [seconds for values in times.values() for seconds in values]
    for kind, values in (*((kind, times[kind]) for kind in KINDS), ("all", everything)):
        ordered = sorted(values)
        last = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
        numbers = "".join(f"{1000 * value:10.0f}" for value in (statistics.median(ordered), last, ordered[-1]))
        print(f"{kind:10}{len(ordered):10,}{numbers}")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(arguments.data)
        if not is_store(store):
            store = Path(folder) / "data.kgstore"
            build([arguments.data], store, report=Report())
        with server(store):
            pass  # the files are in memory from here on
        with server(store) as first:
            requests = Requests()
            print(f"{len(requests.studies):,} studies")
            print("".join(f"{path:10}{seconds:.2f} s after the start\n" for path, seconds in first.items()), end="")
            report("one request at a time", single(requests))
            report(f"{arguments.users} users", loaded(requests, arguments.users, arguments.seconds))


if __name__ == "__main__":
    main()
