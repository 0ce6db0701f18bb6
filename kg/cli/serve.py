"""``kg serve``."""

from __future__ import annotations

import click

from kg.cli.base import print_problems, progress_of
from kg.cli.query import Size


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, metavar="N", help="The port (default: 8000).")
@click.option("--timeout", type=click.IntRange(1), metavar="N", help="Seconds that a query may run (default: 60).")
@click.option("--memory", type=Size(), metavar="SIZE", help="Memory that a query may use (default: 400M).")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Queries that run at once.")
@click.option("--public-url", metavar="URL", help="The URL of this server for its users, behind a reverse proxy.")
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
    """Serve a graph: pages to explore it, and a SPARQL endpoint."""
    from kg.export.report import Report
    from kg.serve.run import serve as run
    from kg.serve.settings import MEMORY, SECONDS, Settings, default_workers

    settings = Settings(
        host,
        port,
        timeout or SECONDS,
        memory or MEMORY,
        workers or default_workers(),
        (public_url or "").rstrip("/"),
        open_browser,
    )
    report = Report()
    with progress_of(inputs) as progress:
        run(list(inputs), settings, report, progress)
    print_problems(report)
