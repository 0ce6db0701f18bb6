"""Fetches of each kind of output from the local API server: complete, resumed, described."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard

import kg
from kg.export.report import Report
from kg.http import retries
from kg.records.origin import origin_of
from kg.registry import listing
from kg.registry.fetch import Fetch, Watch, fetch_to, preview
from kg.registry.selection import Selection
from kg.store import layout, registry_state
from kg.store.dataset import open_store
from tests.conftest import STUDIES
from tests.integration.api_server import ApiServer, serve

RECORDS = [json.loads(path.read_text("utf-8")) for path in STUDIES]
NUMBERS = sorted(path.stem for path in STUDIES)
SOME = Selection.of(status="COMPLETED")
ALL = Selection.of(everything=True)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MAX_WAIT", 0.01)
    monkeypatch.setattr(listing, "PAGE_SIZE", 4)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    server = ApiServer(RECORDS)
    with serve(server):
        yield server


def run(server: ApiServer, output: Path, selection: Selection = SOME, **options: Any) -> Any:
    of_output = {name: options.pop(name) for name in ("contacts", "describe", "jobs", "report") if name in options}
    return fetch_to(Fetch(selection, server.url, rate=0, **options), output, **of_output)


def completed() -> list[dict[str, Any]]:
    return [record for record in RECORDS if record["protocolSection"]["statusModule"]["overallStatus"] == "COMPLETED"]


def number(record: dict[str, Any]) -> str:
    return str(record["protocolSection"]["identificationModule"]["nctId"])


def by_number(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {number(record): record for record in records}


def lines(path: Path) -> list[dict[str, Any]]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().stream_reader(content).read()
    return [json.loads(line) for line in content.splitlines()]


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.jsonl.zst", "x.ndjson"])
def test_records_are_lines_of_a_file(server: ApiServer, tmp_path: Path, name: str) -> None:
    run(server, tmp_path / name)
    assert by_number(lines(tmp_path / name)) == by_number(completed())
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, f"{name}.manifest.json"]


def test_records_are_files_of_a_folder(server: ApiServer, tmp_path: Path) -> None:
    run(server, tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "x.manifest.json"]
    files = {path.stem: json.loads(path.read_bytes()) for path in (tmp_path / "x").iterdir()}
    assert files == by_number(completed())
    with pytest.raises(kg.UsageError, match="is not an empty folder; update it with kg sync"):
        run(server, tmp_path / "x")


def test_bytes_of_records_are_kept(server: ApiServer, tmp_path: Path) -> None:
    record = server.records.json[NUMBERS[0]].replace(b'"hasResults":true', b'"hasResults":true,"x":1.50')
    server.set(record)
    run(server, tmp_path / "x.jsonl", Selection.of(ids=NUMBERS[0]))
    assert (tmp_path / "x.jsonl").read_bytes() == server.records.json[NUMBERS[0]] + b"\n"


@pytest.mark.parametrize("name", ["x.nt", "x.ttl", "x.nq.zst", "x.trig.gz", "x.parquet", "x.jsonld", "x.rdf"])
def test_a_graph_is_that_of_the_records(server: ApiServer, tmp_path: Path, name: str) -> None:
    run(server, tmp_path / "x.jsonl")
    run(server, tmp_path / name, jobs=2)
    kg.export(tmp_path / "x.jsonl", tmp_path / f"expected.{name}")
    assert (tmp_path / name).read_bytes() == (tmp_path / f"expected.{name}").read_bytes()


def test_a_store_has_the_studies_and_knows_where_they_are_from(server: ApiServer, tmp_path: Path) -> None:
    fetched = run(server, tmp_path / "x.kgstore")
    kg.store.build([number(r) and r for r in completed()], tmp_path / "expected")
    with open_store(tmp_path / "x.kgstore") as store, open_store(tmp_path / "expected") as expected:
        state = registry_state.read(store)
        assert set(layout.leaving(store)) == set(layout.leaving(expected))
    assert state is not None
    assert (state.api, state.selection, state.contacts) == (server.url, {"status": ["COMPLETED"]}, False)
    assert (state.data_version, state.compared) == (server.data_timestamp, fetched.origin.finished)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "x.kgstore"]
    with pytest.raises(kg.UsageError, match="exists already; update it with kg sync"):
        run(server, tmp_path / "x.kgstore")


def test_the_whole_registry_is_its_archive(server: ApiServer, tmp_path: Path) -> None:
    run(server, tmp_path / "x.jsonl", ALL)
    assert by_number(lines(tmp_path / "x.jsonl")) == by_number(RECORDS)
    run(server, tmp_path / "x.nq", ALL)
    kg.export(tmp_path / "x.jsonl", tmp_path / "expected.nq", sort=True)
    assert sorted((tmp_path / "x.nq").read_bytes().splitlines()) == sorted(
        (tmp_path / "expected.nq").read_bytes().splitlines()
    )
    assert server.count() == 0


def test_a_limit_is_kept_and_a_limited_store_is_no_copy(server: ApiServer, tmp_path: Path) -> None:
    fetched = run(server, tmp_path / "x.kgstore", ALL, limit=5)
    assert (fetched.origin.studies, fetched.origin.total) == (5, len(RECORDS))
    with open_store(tmp_path / "x.kgstore") as store:
        assert registry_state.read(store) is None


def test_no_study_is_an_error_and_nothing_is_left(server: ApiServer, tmp_path: Path) -> None:
    with pytest.raises(kg.NothingFoundError, match=r"query.cond=zzz.*no study matches, so nothing was written"):
        run(server, tmp_path / "x.jsonl", Selection.of(condition="zzz"))
    assert [*tmp_path.iterdir()] == []


def test_a_refusal_is_an_error_and_nothing_is_left(server: ApiServer, tmp_path: Path) -> None:
    with pytest.raises(kg.SourceError, match=r"the server answers 400 Bad Request: ."):
        run(server, tmp_path / "x.jsonl", Selection.of(filter="AREA[Nothing]1"))
    assert [*tmp_path.iterdir()] == []


def test_missing_numbers_and_aliases_are_reported(server: ApiServer, tmp_path: Path) -> None:
    server.aliases["NCT90000001"] = NUMBERS[0]
    notices: list[str] = []
    selection = Selection.of(ids=["NCT90000001", NUMBERS[1], "NCT99999998"])
    fetched = run(server, tmp_path / "x.jsonl", selection, watch=Watch(notice=notices.append))
    assert [*by_number(lines(tmp_path / "x.jsonl"))] == NUMBERS[:2]
    assert notices == [f"NCT90000001 is {NUMBERS[0]} now, whose record was fetched."]
    url = f"{server.url}/studies/NCT99999998"
    assert [str(problem) for problem in fetched.missing] == [
        f"{url}: the server answers 404 Not Found: NCT number NCT99999998 not found."
    ]


def test_the_count_and_the_url_are_shown_before(server: ApiServer) -> None:
    def fetch(selection: Selection) -> Fetch:
        return Fetch(selection, server.url, rate=0)

    shown = preview(fetch(SOME))
    assert shown == (len(completed()), [f"{server.url}/studies?filter.overallStatus=COMPLETED"])
    shown = preview(fetch(ALL))
    assert shown == (len(RECORDS), [f"{server.url}/studies/download?format=json.zip"])
    assert all(request.params.get("fields", "NCTId") == "NCTId" for request in server.requests)


def test_a_pipe_or_device_gets_lines(server: ApiServer) -> None:
    assert run(server, Path(os.devnull)).origin.studies == len(completed())


# -- interrupted runs -------------------------------------------------------------------------------------------


class Stop(Exception):  # noqa: N818 -- not an error
    """Ends a run."""


def stopping_at(studies: int) -> Watch:
    def seen(done: int, _: int | None) -> None:
        if done >= studies:
            raise Stop

    return Watch(seen=seen)


def tokens(server: ApiServer) -> list[str | None]:
    return [request.params.get("pageToken") for request in server.requests if request.path == "/studies"]


@pytest.mark.parametrize("stop", [1, 8, 1000])
def test_an_interrupted_run_goes_on(server: ApiServer, tmp_path: Path, stop: int) -> None:
    run(server, tmp_path / "expected.jsonl")
    pages = len(tokens(server))
    server.requests.clear()
    output = tmp_path / "x.jsonl"
    with pytest.raises(Stop):
        run(server, output, watch=stopping_at(min(stop, len(completed()))))
    assert not output.exists()
    run(server, output)
    assert output.read_bytes() == (tmp_path / "expected.jsonl").read_bytes()
    assert len(tokens(server)) == len(set(tokens(server))) == pages
    assert not (tmp_path / "x.jsonl.fetch").exists()


def interrupted(server: ApiServer, output: Path) -> Path:
    with pytest.raises(Stop):
        run(server, output, watch=stopping_at(9))
    return output.with_name(output.name + ".fetch")


def test_it_starts_again_if_the_data_version_moved(server: ApiServer, tmp_path: Path) -> None:
    folder = interrupted(server, tmp_path / "x.jsonl")
    assert len([*folder.glob("page-*")]) == 3
    server.move()
    run(server, tmp_path / "x.jsonl")
    assert by_number(lines(tmp_path / "x.jsonl")) == {
        number(record): server.records[number(record)] for record in completed()
    }


def cut_line(folder: Path) -> None:
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-10])


def cut_page(folder: Path) -> None:
    page = folder / "page-00003.jsonl.zst"
    page.write_bytes(page.read_bytes()[:-10])


def lose_page(folder: Path) -> None:
    (folder / "page-00003.jsonl.zst").unlink()


def lose_journal(folder: Path) -> None:
    (folder / "journal.jsonl").write_bytes(b'{"format": 1, "requ')


@pytest.mark.parametrize(
    ("damage", "pages"), [(cut_line, 2), (cut_page, 2), (lose_page, 2), (lose_journal, 0), (lambda _: None, 3)]
)
def test_what_was_not_written_completely_is_fetched_again(
    server: ApiServer, tmp_path: Path, damage: Callable[[Path], None], pages: int
) -> None:
    run(server, tmp_path / "expected.jsonl")
    every = len(tokens(server))
    damage(interrupted(server, tmp_path / "x.jsonl"))
    server.requests.clear()
    run(server, tmp_path / "x.jsonl")
    assert (tmp_path / "x.jsonl").read_bytes() == (tmp_path / "expected.jsonl").read_bytes()
    assert len(tokens(server)) == every - pages


@pytest.mark.parametrize("name", ["x", "x.kgstore", "x.jsonl", "x.nt"])
@pytest.mark.parametrize("selection", [SOME, ALL])
def test_a_run_that_is_killed_after_its_output_was_there_is_finished(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, selection: Selection
) -> None:
    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("kg.registry.outputs.write_manifest", stop)
        patch.setattr("kg.registry.journal.Journal.remove", stop)
        with pytest.raises(Stop):
            run(server, tmp_path / name, selection)
    assert (tmp_path / name).exists()
    requests = len(server.requests)
    fetched = run(server, tmp_path / name, selection)
    assert fetched.origin.data_version == server.data_timestamp
    assert len(server.requests) - requests == (0 if name in ("x", "x.kgstore") else 3 if selection == ALL else 2)
    expected = {name} if name == "x.kgstore" else {name, f"{name}.manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == expected
    if name == "x":
        assert origin_of(tmp_path / name) == fetched.origin


def test_an_output_that_is_another_is_kept(server: ApiServer, tmp_path: Path) -> None:
    interrupted(server, tmp_path / "x")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / f"{NUMBERS[0]}.json").write_text("{}", "utf-8")
    with pytest.raises(kg.UsageError, match="is not an empty folder"):
        run(server, tmp_path / "x")
    assert [path.name for path in (tmp_path / "x").iterdir()] == [f"{NUMBERS[0]}.json"]


def test_pages_of_another_request_are_refused(server: ApiServer, tmp_path: Path) -> None:
    interrupted(server, tmp_path / "x.jsonl")
    for options in ({"limit": 3}, {"without_contacts": True}):
        with pytest.raises(kg.UsageError, match="has the pages of an interrupted run with other options"):
            run(server, tmp_path / "x.jsonl", **options)
    with pytest.raises(kg.UsageError, match="interrupted run with other options"):
        run(server, tmp_path / "x.jsonl", Selection.of(condition="cancer"))


def test_two_runs_do_not_mix(server: ApiServer, tmp_path: Path) -> None:
    def again(*_: object) -> None:
        with pytest.raises(kg.UsageError, match=r"x\.jsonl\.fetch is in use by another process"):
            run(server, tmp_path / "x.jsonl")

    run(server, tmp_path / "x.jsonl", watch=Watch(seen=again))
    assert len(lines(tmp_path / "x.jsonl")) == len(completed())


def test_a_folder_that_is_no_journal_is_left_alone(server: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.fetch").mkdir()
    (tmp_path / "x.jsonl.fetch" / "mine").touch()
    with pytest.raises(kg.UsageError, match="exists and is not of kg fetch"):
        run(server, tmp_path / "x.jsonl")
    assert [path.name for path in (tmp_path / "x.jsonl.fetch").iterdir()] == ["mine"]


def test_a_failure_says_what_is_kept(server: ApiServer, tmp_path: Path) -> None:
    server.inject("500", at=3, times=1000, path="/studies")
    with pytest.raises(kg.SourceError) as error:
        run(server, tmp_path / "x.jsonl")
    folder = tmp_path / "x.jsonl.fetch"
    assert str(error.value) == (
        f"{server.url}/studies: the server answers 500 Internal Server Error; what was fetched is in {folder}, "
        "from where the same command goes on."
    )
    server.faults.clear()
    run(server, tmp_path / "x.jsonl")
    assert len(lines(tmp_path / "x.jsonl")) == len(completed())


# -- the archive ------------------------------------------------------------------------------------------------


DOWNLOAD = "/studies/download"


def ranges(server: ApiServer) -> list[str | None]:
    return [request.headers.get("Range") for request in server.requests if request.path == DOWNLOAD]


@pytest.mark.parametrize("kind", ["cut", "reset", "500", "cut chunked"])
def test_a_download_that_breaks_off_goes_on(server: ApiServer, tmp_path: Path, kind: str) -> None:
    server.inject(kind, times=2, path=DOWNLOAD)
    run(server, tmp_path / "x.jsonl", ALL)
    assert by_number(lines(tmp_path / "x.jsonl")) == by_number(RECORDS)
    assert len(ranges(server)) == 3
    assert all(ranges(server)[1:]) == kind.startswith("cut")


def test_a_download_without_ranges_starts_again(server: ApiServer, tmp_path: Path) -> None:
    server.has_ranges = False
    server.inject("cut", path=DOWNLOAD)
    run(server, tmp_path / "x.jsonl", ALL)
    assert by_number(lines(tmp_path / "x.jsonl")) == by_number(RECORDS)


def test_an_interrupted_download_goes_on(server: ApiServer, tmp_path: Path) -> None:
    def received(_: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        run(server, tmp_path / "x.jsonl", ALL, watch=Watch(received=received))
    run(server, tmp_path / "x.jsonl", ALL)
    assert by_number(lines(tmp_path / "x.jsonl")) == by_number(RECORDS)
    assert (ranges(server)[-1] or "").startswith("bytes=") or len(ranges(server)) == 1


def test_an_archive_that_was_replaced_is_not_mixed(server: ApiServer, tmp_path: Path) -> None:
    server.inject("cut", path=DOWNLOAD)
    server.inject("move", at=2, path=DOWNLOAD)
    run(server, tmp_path / "x.jsonl", ALL)
    assert by_number(lines(tmp_path / "x.jsonl")) == dict(server.records.items())


@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_archive_that_was_cut_on_the_server_is_an_error(server: ApiServer, tmp_path: Path, is_chunked: bool) -> None:
    server.zip_share, server.zip_is_chunked = 0.7, is_chunked
    with pytest.raises(kg.SourceError, match="what the server sends is not a complete zip archive"):
        run(server, tmp_path / "x.jsonl", ALL)
    assert not (tmp_path / "x.jsonl").exists()


def test_an_archive_with_another_number_of_studies_is_an_error(server: ApiServer, tmp_path: Path) -> None:
    server.inject("vanish", times=9, path="/stats/size")
    with pytest.raises(kg.SourceError, match=r"the archive has \d+ studies of \d+; try again later"):
        run(server, tmp_path / "x.jsonl", ALL)


def test_without_a_bulk_download_all_pages_are_fetched(server: ApiServer, tmp_path: Path) -> None:
    notices: list[str] = []
    server.inject("403", path=DOWNLOAD)
    run(server, tmp_path / "x.jsonl", ALL, watch=Watch(notice=notices.append))
    assert by_number(lines(tmp_path / "x.jsonl")) == by_number(RECORDS)
    assert notices == ["There is no bulk download (the server answers 403 Forbidden), so all pages are fetched."]


# -- contact data -----------------------------------------------------------------------------------------------


def with_contacts(record: dict[str, Any]) -> dict[str, Any]:
    record = json.loads(json.dumps(record))
    record["protocolSection"].setdefault("contactsLocationsModule", {})["centralContacts"] = [
        {"name": "A. Bee", "role": "CONTACT", "phone": "555-0100", "email": "a.bee@example.org"}
    ]
    record["protocolSection"]["descriptionModule"]["briefSummary"] += " Write to a.bee@example.org."
    return record


@pytest.mark.parametrize("selection", [Selection.of(ids=NUMBERS[0]), ALL])
def test_records_keep_contact_data_unless_it_is_left_out(
    server: ApiServer, tmp_path: Path, selection: Selection
) -> None:
    server.set(with_contacts(RECORDS[0]))
    first = number(RECORDS[0])
    run(server, tmp_path / "x.jsonl", selection)
    assert by_number(lines(tmp_path / "x.jsonl"))[first] == with_contacts(RECORDS[0])
    run(server, tmp_path / "y.jsonl", selection, without_contacts=True)
    content = (tmp_path / "y.jsonl").read_text("utf-8")
    assert "555-0100" not in content
    assert "a.bee" not in content
    [restored] = restored_from([with_contacts(RECORDS[0])], tmp_path)
    assert by_number(lines(tmp_path / "y.jsonl"))[first] == restored


def restored_from(records: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The records after an export without contact data."""
    from kg.restore.run import restore

    kg.export(records, folder / "restored.nq")
    restore([str(folder / "restored.nq")], str(folder / "restored.jsonl"))
    return lines(folder / "restored.jsonl")


def test_pages_of_an_interrupted_run_have_no_contact_data_if_it_is_left_out(server: ApiServer, tmp_path: Path) -> None:
    server.set(*map(with_contacts, RECORDS))
    with pytest.raises(Stop):
        run(server, tmp_path / "x.jsonl", without_contacts=True, watch=stopping_at(9))
    pages = [*(tmp_path / "x.jsonl.fetch").glob("page-*")]
    content = b"".join(zstandard.ZstdDecompressor().stream_reader(page.read_bytes()).read() for page in pages)
    assert pages
    assert b"555-0100" not in content
    assert b"example.org" not in content


@pytest.mark.parametrize("contacts", [False, True])
def test_a_graph_has_contact_data_only_if_requested(server: ApiServer, tmp_path: Path, contacts: bool) -> None:
    server.set(with_contacts(RECORDS[0]))
    fetched = run(server, tmp_path / "x.nt", Selection.of(ids=NUMBERS[0]), contacts=contacts)
    assert ("555-0100" in (tmp_path / "x.nt").read_text("utf-8")) == contacts
    assert fetched.origin.contacts == contacts


# -- the manifest -----------------------------------------------------------------------------------------------


def manifest(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.with_name(path.name + ".manifest.json").read_text("utf-8"))
    return content


def test_a_manifest_says_what_was_fetched(server: ApiServer, tmp_path: Path) -> None:
    run(server, tmp_path / "x.jsonl")
    content = manifest(tmp_path / "x.jsonl")
    [origin] = content.pop("origins")
    started, finished = origin.pop("started"), origin.pop("finished")
    assert content.keys() == {"file", "studies", "sha256", "tool"}
    assert (content["file"], content["studies"]) == ("x.jsonl", len(completed()))
    assert started <= finished
    assert origin == {
        "api": server.url,
        "apiVersion": "2.0.5",
        "dataVersion": server.data_timestamp,
        "selection": {"status": ["COMPLETED"]},
        "urls": [f"{server.url}/studies?filter.overallStatus=COMPLETED"],
        "studies": len(completed()),
        "total": len(completed()),
        "limit": None,
        "contacts": True,
        "tool": f"kg {kg.__version__}",
    }


def test_the_manifest_of_a_graph_is_that_of_an_export_with_the_origin(server: ApiServer, tmp_path: Path) -> None:
    run(server, tmp_path / "x.nt")
    run(server, tmp_path / "x.jsonl")
    kg.export(tmp_path / "x.jsonl", tmp_path / "y.nt", manifest=True)
    one, other = manifest(tmp_path / "x.nt"), manifest(tmp_path / "y.nt")
    assert one.pop("file") != other.pop("file")
    assert [origin["contacts"] for origin in one.pop("origins") + other.pop("origins")] == [False, True]
    assert one == other


@pytest.mark.parametrize("name", ["x.jsonl", "x"])
def test_a_store_of_fetched_records_is_a_copy_of_the_registry(server: ApiServer, tmp_path: Path, name: str) -> None:
    run(server, tmp_path / name)
    kg.store.build(tmp_path / name, tmp_path / "x.kgstore")
    with open_store(tmp_path / "x.kgstore") as store:
        state = registry_state.read(store)
    assert state is not None
    assert (state.data_version, state.selection) == (server.data_timestamp, {"status": ["COMPLETED"]})


def test_a_manifest_does_not_belong_to_another_content(server: ApiServer, tmp_path: Path) -> None:
    run(server, tmp_path / "x.jsonl")
    content = (tmp_path / "x.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "x.jsonl").write_bytes(b"".join(content[1:]))
    kg.store.build(tmp_path / "x.jsonl", tmp_path / "x.kgstore")
    with open_store(tmp_path / "x.kgstore") as store:
        assert registry_state.read(store) is None


@pytest.mark.parametrize("direct", [True, False])
def test_a_description_says_where_the_studies_are_from(server: ApiServer, tmp_path: Path, direct: bool) -> None:
    import rdflib

    if direct:
        run(server, tmp_path / "x.ttl", describe=True)
    else:
        run(server, tmp_path / "x.jsonl")
        kg.export(tmp_path / "x.jsonl", tmp_path / "x.ttl", describe=True)
    graph = rdflib.Graph().parse(tmp_path / "x.ttl.void.ttl")
    [row] = graph.query("""
        SELECT ?url ?version ?selection ?start ?tool {
          ?file a void:Dataset ; void:entities ?count . ?data dcat:distribution ?file ; prov:wasDerivedFrom ?copy .
          ?copy a ct:RegistryCopy ; pav:retrievedFrom ?url ; ct:dataVersion ?version ; ct:selection ?selection ;
            prov:wasGeneratedBy ?fetch .
          ?fetch a prov:Activity ; prov:startedAtTime ?start ; prov:wasAssociatedWith/rdfs:label ?tool .
        }""")
    assert str(row[0]) == f"{server.url}/studies?filter.overallStatus=COMPLETED"
    assert str(row[1]) == server.data_timestamp
    assert json.loads(row[2]) == {"status": ["COMPLETED"]}
    assert str(row[4]) == f"kg {kg.__version__}"


# -- in Python --------------------------------------------------------------------------------------------------


def test_python_gets_the_records(server: ApiServer) -> None:
    records = [*kg.fetch(status="completed", api=server.url, rate=0)]
    assert by_number(records) == by_number(completed())
    assert len([*kg.fetch(all=True, api=server.url, rate=0)]) == len(RECORDS)
    assert [*kg.fetch(condition="zzz", api=server.url, rate=0)] == []


def test_python_gets_errors(server: ApiServer) -> None:
    with pytest.raises(kg.UsageError, match="No studies are selected"):
        kg.fetch()
    with pytest.raises(kg.SourceError, match="NCT99999998 not found"):
        [*kg.fetch("NCT99999998", NUMBERS[0], api=server.url, rate=0)]
    problems: list[kg.InputError] = []
    records = [*kg.fetch("NCT99999998", NUMBERS[0], api=server.url, rate=0, reject=problems.append)]
    assert (len(records), len(problems)) == (1, 1)


def test_problems_of_records_name_the_page(server: ApiServer, tmp_path: Path) -> None:
    record = json.loads(json.dumps(RECORDS[0]))
    record["hasResults"] = "maybe"
    server.set(record)
    report = Report()
    run(server, tmp_path / "x.nt", Selection.of(ids=NUMBERS[0]), report=report)
    assert [str(problem) for problem in report.problems] == [
        f'page 1, record 1, {NUMBERS[0]}, hasResults: found "maybe", expected true or false.'
    ]


def test_fetched_records_are_an_input_with_their_manifest_beside_them(server: ApiServer, tmp_path: Path) -> None:
    run(server, tmp_path / "x.jsonl")
    run(server, tmp_path / "y")
    interrupted(server, tmp_path / "z.jsonl")
    report = kg.export(tmp_path, tmp_path.parent / "all.nt")
    assert (report.totals.studies, report.rejected, report.skipped) == (len(completed()), 0, 2)


@pytest.mark.parametrize("options", [{"rate": -1}, {"timeout": 0}])
def test_rates_and_times_that_cannot_be_are_wrong_use(options: dict[str, Any]) -> None:
    with pytest.raises(kg.UsageError, match="expected 0 or more"):
        [*kg.fetch(NUMBERS[0], **options)]


def test_a_request_says_what_it_depends_on() -> None:
    fetch = Fetch(SOME)
    assert fetch.request != replace(fetch, limit=1).request
    assert Fetch(SOME, "http://a/").request == Fetch(SOME, "http://a", rate=0, timeout=1).request
    assert Report().lossless
