"""``kg serve``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kg.cli.base import echo, print_problems, progress_of
from kg.cli.query import Size

if TYPE_CHECKING:
    from kg.serve.state import Server


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on (default: 127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    metavar="N",
    help="The port (default: 8000); 0 chooses a free one.",
)
@click.option(
    "--timeout", type=click.IntRange(1, 86400), metavar="N", help="Seconds that a query may run (default: 60)."
)
@click.option(
    "--memory",
    type=Size(),
    metavar="SIZE",
    help="Memory that a query may use, such as 1G (default: 400M); an answer may have a quarter of it.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Queries that run at once; by default one per core, at least 2 and at most 8.",
)
@click.option(
    "--public-url", metavar="URL", help="The URL of this server behind a reverse proxy, such as https://example.org."
)
@click.option("--open", "open_browser", is_flag=True, help="Open the start page in a browser.")
def serve(
    inputs: tuple[str, ...],
    host: str,
    port: int,
    timeout: int | None,
    memory: int | None,
    workers: int | None,
    public_url: str | None,
    open_browser: bool,
) -> None:
    """Serve a graph: pages to explore it, and a SPARQL endpoint.

    INPUT is a store, which is served as it is, or study records and RDF files, which are first loaded into a temporary
    store. The server reads only, and keeps the state of a store at its start. It logs requests to standard output. Stop
    it with Ctrl+C.
    """
    from kg.export.report import Report
    from kg.serve.run import serve as run
    from kg.serve.settings import settings

    report = Report()

    def started(server: Server) -> None:
        progress.close()
        print_problems(report)
        echo(server.banner, err=True)
        if open_browser:
            click.launch(f"{server.settings.local_url}/")

    import contextlib

    with contextlib.ExitStack() as progress:
        advance = progress.enter_context(progress_of(inputs))
        options = settings(host, port, timeout, memory, workers, public_url)
        run(inputs, options, report, progress=advance, started=started)
