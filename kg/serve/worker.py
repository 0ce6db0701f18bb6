"""A worker process: reads queries from standard input and writes answers to standard output.

``python -m kg.serve.worker STORE PARENT MEMORY PRIORITY METADATA`` opens a store, then forbids itself the network. The
server kills it to stop a query. METADATA is the file about the server itself, or empty.
"""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._process import end_with_parent, forbid_network
from kg.errors import UsageError, printable
from kg.query.engine import PREFIXES
from kg.query.lexer import form, has_from_clause, is_update, prefixes, uses_service
from kg.query.sandbox import RESERVED, memory_of
from kg.serve.frames import CHUNK, DATA, END, ERROR, Task, read_task, write_frame, write_json
from kg.serve.metadata_store import MetadataStore
from kg.serve.problems import NotAcceptableError
from kg.store.dataset import read_only_store

if TYPE_CHECKING:
    from typing_extensions import Buffer

FILES = 512
"""Files that a worker may have open, those of the store included."""
BINDINGS = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
TRIPLES = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
}
_UNFIT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Characters in UTF-8 that XML 1.0 does not allow."""


class Frames(io.RawIOBase):
    """A writable stream whose content goes to another stream in frames of data."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def writable(self) -> bool:
        """Return that this stream can be written."""
        return True

    def write(self, data: Buffer) -> int:
        """Write bytes in one or more frames."""
        view = memoryview(data).cast("B")
        for begin in range(0, len(view), CHUNK):
            write_frame(self._stream, DATA, bytes(view[begin : begin + CHUNK]))
        return len(view)


class Engine:
    """Runs queries over a store, and over the metadata of the server."""

    def __init__(self, store: ox.Store, metadata: MetadataStore) -> None:
        self._store, self._metadata = store, metadata

    def run(self, task: Task, output: IO[bytes]) -> str:
        """Run a query, write its answer, and return the name of the format.

        Raises :class:`~kg.errors.UsageError` for an update, a call of another server and an invalid query.
        """
        text = task.text
        if is_update(text):
            raise UsageError(f"{form(text)} would change data, and this endpoint only reads them.")
        if uses_service(text):
            raise UsageError("The query calls another server (SERVICE), which this endpoint does not do.")
        try:
            result: Any = self._metadata.answering(text, self._store).query(
                text, base_iri=task.base, prefixes=PREFIXES, **_dataset(task)
            )
            name = _format(result, task)
            _serialize(result, name, output, text)
        except (SyntaxError, ValueError) as error:
            from kg.query.diagnostics import syntax_error

            raise syntax_error(text, error, PREFIXES) from error
        return name

    def hints(self, text: str) -> list[str]:
        """Return sentences with possible reasons why the answer to a query is empty."""
        from kg.query.diagnostics import find_problems
        from kg.query.engine import with_prefixes

        return [*find_problems(with_prefixes(text), self._store, PREFIXES)]


def _format(result: Any, task: Task) -> str:
    is_graph = isinstance(result, ox.QueryTriples)
    if name := task.graph if is_graph else task.results:
        return name
    formats = ", ".join(TRIPLES if is_graph else BINDINGS)
    raise NotAcceptableError(f"The answer is available as {formats}, and the request accepts none of them.")


def _serialize(result: Any, name: str, output: IO[bytes], text: str) -> None:
    """Write an answer; Turtle and RDF/XML use the prefixes of the query."""
    buffer = io.BytesIO() if name in ("xml", "rdfxml") else None
    if name in ("turtle", "rdfxml"):
        ox.serialize(result, buffer or output, format=TRIPLES[name], prefixes=_prefixes(text))
    else:
        result.serialize(buffer or output, BINDINGS.get(name) or TRIPLES[name])
    if buffer:
        output.write(_UNFIT.sub(b"\xef\xbf\xbd", buffer.getvalue()))


def _prefixes(text: str) -> dict[str, str]:
    """Return the prefixes that a query declares or may use, without those whose namespace is relative."""
    return {name: iri for name, iri in (PREFIXES | prefixes(text)).items() if ":" in iri}


def _dataset(task: Task) -> dict[str, Any]:
    """Return the arguments for the dataset: that of the request, of the query, or the union of all graphs."""
    if task.default is None and task.named is None:
        return {"use_default_graph_as_union": not has_from_clause(task.text)}
    return {
        "default_graph": [ox.NamedNode(iri) for iri in task.default or ()],
        "named_graphs": [ox.NamedNode(iri) for iri in task.named or ()],
    }


def serve_tasks(engine: Engine, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until their stream ends."""
    while task := read_task(requests):
        try:
            if task.hints:
                details: dict[str, Any] = {"hints": engine.hints(task.text)}
            else:
                details = {"format": engine.run(task, Frames(answers))}  # type: ignore[arg-type]
            write_json(answers, END, details)
        except NotAcceptableError as error:
            write_json(answers, ERROR, {"kind": "format", "message": str(error)})
        except UsageError as error:
            write_json(answers, ERROR, {"kind": "usage", "message": str(error)})
        except Exception as error:  # the server reports it
            text = " ".join(str(error).split())[:300]
            write_json(answers, ERROR, {"kind": "failed", "message": f"The query failed: {printable(text)}."})


def limit(memory: int) -> None:
    """Limit the memory and the files of this process."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    if used := memory_of("self").data:
        bound = used + memory + RESERVED
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))


def main(folder: str, parent: int, memory: int, priority: int, metadata: str) -> None:
    """Open the store and answer requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(parent)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", 4 * CHUNK)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    store = read_only_store(folder)
    bool(store.query("ASK { ?s ?p ?o }"))  # loads what each query needs
    forbid_network()
    limit(memory)
    if priority and hasattr(os, "nice"):
        os.nice(priority)
    write_json(answers, END, {})
    serve_tasks(Engine(store, MetadataStore(Path(metadata) if metadata else None)), requests, answers)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
