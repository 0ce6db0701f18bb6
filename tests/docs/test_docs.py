"""The documentation is complete, and what it shows is true."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pyoxigraph as ox
import pytest

import kg
from kg import query
from kg.cli import main
from kg.export.run import export
from kg.notebook.graph import NotebookGraph
from kg.query.library import library_query
from kg.registry.api import API
from tests.conftest import DATA, SEED
from tests.integration.api_server import ApiServer, serve
from tests.serving import serving

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")
QUERIES = sorted((TOP / "queries").glob("*.rq"))
PAGES = sorted((TOP / "docs").glob("*.md"))
LINKED = [
    *PAGES,
    *(TOP / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY", "benchmarks/README")),
]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_readme_is_short_and_shows_output_early() -> None:
    lines = README.splitlines()
    assert len(lines) <= 120
    assert any("kg export" in line for line in lines[:15])
    assert any(line.strip().startswith("Studies: 1 read") for line in lines[:15])


def test_the_first_command_of_the_readme_says_what_the_readme_says(tmp_path: Path) -> None:
    command = re.search(r"\.venv/bin/(kg export .*)$", README, re.MULTILINE)
    assert command is not None
    words = command[1].split()[1:]
    words[-1] = str(tmp_path / words[-1])
    done = subprocess.run([sys.executable, "-m", "kg", *words], capture_output=True, text=True, check=True)
    shown = next(line.strip() for line in README.splitlines() if line.strip().startswith("Studies: 1 read"))
    without_time = re.compile(r", [\d.]+ s\.$")
    assert without_time.sub("", done.stderr.strip()) == without_time.sub("", shown)
    written = Path(words[-1]).read_text("utf-8")
    for line in blocks(README, "turtle")[0].splitlines():
        assert line.strip() == "..." or line in written


def test_the_summary_on_the_export_page_is_that_of_the_test_data(tmp_path: Path) -> None:
    report = export([DATA / "studies", DATA / "made", SEED], tmp_path / "all.nt")
    text = (TOP / "docs" / "export.md").read_text("utf-8")
    assert report.summary().rpartition(", ")[0] in text


def test_the_second_command_is_what_ci_runs() -> None:
    assert "bin/pytest" in README
    assert "grep -m1 'bin/pytest' README.md" in (TOP / ".ci" / "run").read_text("utf-8")


@contextmanager
def api() -> Iterator[str]:
    """Run a server with the API of the registry and the studies of the test data; yield its URL."""
    with serve(ApiServer(record.data for record in kg.read(SEED, DATA / "studies"))) as url:
        yield url


def python_blocks() -> list[tuple[str, int, str]]:
    """The Python of all pages except parquet.md, whose blocks depend on each other and are tested with it."""
    pages = [page for page in (TOP / "README.md", *PAGES) if page.stem != "parquet"]
    return [(page.name, i, code) for page in pages for i, code in enumerate(blocks(page.read_text("utf-8"), "python"))]


def at_the_top(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in a folder that looks like the top of the checkout, with ``kg`` on the path."""
    for name in ("tests", "queries", "ontology"):
        (folder / name).symlink_to(TOP / name)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")


@pytest.mark.parametrize(("page", "number", "code"), python_blocks(), ids=lambda value: str(value)[:20])
def test_python_in_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, number: int, code: str
) -> None:
    assert number >= 0
    at_the_top(tmp_path, monkeypatch)
    with api() as url:
        local = code.replace("kg.fetch(", f'kg.fetch(api="{url}", rate=0, ')
        done = subprocess.run([sys.executable, "-c", local], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if page == "README.md":
        shown = README.split(code)[1].split("```")[1].strip().splitlines()
        assert done.stdout.splitlines() == [line.strip() for line in shown[: len(done.stdout.splitlines())]]


def test_every_command_and_option_is_documented() -> None:
    text = (TOP / "docs" / "commands.md").read_text("utf-8")
    for title, command in every_command("kg", main):
        assert f"## {title}\n" in text
        for parameter in command.params:
            if isinstance(parameter, click.Option) and title != "kg":
                assert all(option in text for option in parameter.opts)
                assert parameter.help


def every_command(title: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield title, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            assert each is not None
            yield from every_command(f"{title} {name}", each)


def test_every_query_is_documented_and_has_a_header() -> None:
    text = (TOP / "docs" / "queries.md").read_text("utf-8")
    for path in QUERIES:
        assert library_query(path.stem).description, path.name
        assert f"## {path.stem}\n\n**{library_query(path.stem).summary}**" in text


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    path = tmp_path_factory.mktemp("store") / "all.nq"
    export([DATA / "studies", SEED], path)
    loaded = ox.Store()
    loaded.load(path=str(path), format=ox.RdfFormat.N_QUADS)
    return loaded


def answers(store: ox.Store, name: str) -> list[list[str]]:
    text = (TOP / "queries" / name).read_text("utf-8")
    found = store.query(text, use_default_graph_as_union=True)
    assert isinstance(found, ox.QuerySolutions)
    return [["" if value is None else value.value for value in solution] for solution in found]


def test_the_queries_answer_what_the_seed_says(store: ox.Store) -> None:
    study = "https://clinicaltrials.gov/study/NCT02059759"
    assert [row[1:] for row in answers(store, "arms.rq") if row[0] == study] == [
        ["1", "Placebo", "https://w3id.org/trialkg/code/PLACEBO_COMPARATOR", "Placebo"],
        ["2", "1.0 IL-2", "https://w3id.org/trialkg/code/EXPERIMENTAL", "1.0 MIU IL-2 per day"],
        ["3", "2.0 IL-2", "https://w3id.org/trialkg/code/EXPERIMENTAL", "2.0 MIU IL-2 per day"],
    ]
    assert study in {row[0] for row in answers(store, "studies_under.rq")}
    assert study not in {row[0] for row in answers(store, "ages.rq")}, "it takes nobody over 75"
    assert [row[3] for row in answers(store, "outcomes.rq") if row[0] == study] == ["Day 8"]


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(TOP)))
def test_links_lead_somewhere(page: Path) -> None:
    for name, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        target = page.parent / name if name else page
        if not name.startswith(("http:", "https:")):
            assert target.exists(), name
            assert not anchor or anchor in anchors(target), f"{name}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_index_lists_every_page() -> None:
    index = (TOP / "docs" / "README.md").read_text("utf-8")
    listed = set(re.findall(r"\]\((\w+\.md)\)", index))
    assert listed == {page.name for page in PAGES} - {"README.md"}


def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_top(tmp_path, monkeypatch)
    commands = [part for line in re.findall(r"^    (kg .*)$", README, re.MULTILINE) for part in line.split(" && ")]
    assert len(commands) >= 7
    with api() as url:
        for command in commands:
            words = shlex.split(command)
            words += ["--api", url, "--rate", "0"] if words[1] == "fetch" else []
            if words[1] == "serve":
                with serving([str(Path.cwd() / name) for name in words[2:]], tmp_path / "access.log") as server:
                    assert server.get("/study/NCT00346398").status == 200
                continue
            done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}: {done.stderr}"


EXAMPLES = re.findall(
    r"^\| `(\S+)` \|.*\| `(SELECT .*)` \|$", (TOP / "docs" / "model.md").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_the_examples_of_the_model_page_find_something(name: str, text: str, graph: NotebookGraph) -> None:
    assert len(EXAMPLES) == 10
    assert name in text
    assert len(query(text.replace("\\|", "|"), graph)) > 0


@pytest.fixture(scope="module")
def graph() -> NotebookGraph:
    return kg.graph(DATA / "studies", SEED)


def test_the_dry_run_on_the_fetch_page_is_that_of_the_command() -> None:
    page = (TOP / "docs" / "fetch.md").read_text("utf-8")
    match = re.search(r"^    [$] kg (fetch .* --dry-run)\n((?:    .*\n)+)", page, re.MULTILINE)
    assert match is not None
    with api() as url:
        command = [sys.executable, "-m", "kg", *match[1].split(), "--api", url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line.strip() for line in match[2].splitlines()] == done.stdout.replace(url, API).splitlines()


def test_the_result_on_the_query_page_is_that_of_the_command() -> None:
    page = (TOP / "docs" / "query.md").read_text("utf-8")
    command = [sys.executable, "-m", "kg", "query", "arms", "--data", str(SEED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert blocks(page, "text")[0] == done.stdout
