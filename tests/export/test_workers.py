"""Several processes make no difference but in time, and whatever ends a run leaves no half file."""

from __future__ import annotations

import errno
import gc
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from kg.errors import FieldError, InputError, OutputError, UsageError
from kg.export import workers
from kg.export.report import Report
from kg.export.run import export
from kg.export.tasks import Worker
from kg.records import chunks, splitter
from tests.conftest import DATA, SEED, STUDIES

if TYPE_CHECKING:
    from collections.abc import Callable

KG = [sys.executable, "-m", "kg"]


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of a study or two, so that many are under way."""
    monkeypatch.setattr(splitter, "SIZE", 60_000)


def run(many: Path, output: Path, count: int, **options: Any) -> tuple[bytes, list[dict[str, Any]], Report]:
    told: list[dict[str, Any]] = []
    report = Report(on_problem=lambda error: told.append(error.as_dict()))
    export([many], output, jobs=count, report=report, **options)
    return output.read_bytes(), told, report


@pytest.mark.parametrize("name", ["x.ttl", "x.nt", "x.nq.zst", "x.trig.gz", "x.parquet", "x.jsonld", "x.rdf"])
@pytest.mark.parametrize("options", [{}, {"in_order": True}], ids=["", "sort"])
def test_the_number_of_processes_changes_nothing(
    tmp_path: Path, many: Path, name: str, options: dict[str, Any]
) -> None:
    one = run(many, tmp_path / name, 1, **options)
    three = run(many, tmp_path / name, 3, **options)
    assert one[0] == three[0]
    assert one[1] == three[1]
    assert len(one[1]) >= 8
    counts = [re.sub(r", [\d.]+ s\.$", "", report.summary()) for report in (one[2], three[2])]
    assert counts[0] == counts[1]
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_strict_stops_at_the_same_problem(tmp_path: Path, many: Path) -> None:
    said = []
    for count in (1, 3):
        with pytest.raises(Exception, match=r"b\.jsonl") as problem:
            export([many / "a.jsonl", many / "b.jsonl"], tmp_path / "x.nt", jobs=count, strict=True)
        said.append(str(problem.value))
    assert said[0] == said[1]
    assert list(tmp_path.iterdir()) == []


def in_workers(monkeypatch: pytest.MonkeyPatch, before: Callable[[Any], None]) -> None:
    """Call a function with each task before a worker process runs it."""
    parent, run_task = os.getpid(), Worker.__call__

    def call(worker: Worker, task: Any, **options: Any) -> Any:
        if os.getpid() != parent:
            before(task)
        return run_task(worker, task, **options)

    monkeypatch.setattr(
        threading, "active_count", lambda: 1
    )  # so that the processes are forked, and have this function
    monkeypatch.setattr(Worker, "__call__", call)


def die(_: object = None) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_costs_no_study(tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run(many, tmp_path / "x.nt", 1)[0]
    mark = tmp_path / "died"

    def die_once(_: object) -> None:
        if not mark.exists():
            mark.touch()
            die()

    in_workers(monkeypatch, die_once)
    assert run(many, tmp_path / "x.nt", 2)[0] == expected
    assert mark.exists()


linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked, and told of in /proc, on Linux")


def processes() -> set[int]:
    """The processes that this one has started."""
    return {int(each) for each in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def descriptors() -> int:
    gc.collect()
    return len([*Path("/proc/self/fd").iterdir()])


@linux
@pytest.mark.parametrize("moment", [3, 6, 9])
def test_a_worker_that_dies_while_the_input_is_cut_costs_no_study(
    tmp_path: Path, long: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    calls, killed, others = 0, [], processes()

    def kill(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == moment:
            killed.append(min(processes() - others))
            os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.2)

    export([long], tmp_path / "one.nt", jobs=1)
    export([long], tmp_path / "two.nt", jobs=2, progress=kill)
    assert len(killed) == 1
    assert (tmp_path / "one.nt").read_bytes() == (tmp_path / "two.nt").read_bytes()


@linux
def test_no_process_is_left_after_an_interrupt(tmp_path: Path, long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(workers, "_slice", interrupt)
    others, files = processes(), descriptors()
    with pytest.raises(KeyboardInterrupt):
        export([long], tmp_path / "x.nt", jobs=3)
    assert (processes() - others, list(tmp_path.iterdir())) == (set(), [])
    assert descriptors() == files


@linux
def test_processes_that_cannot_be_started_end_the_run_with_a_sentence(
    tmp_path: Path, long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "fork", fail)
    with pytest.raises(OutputError, match=r"^Worker processes cannot be started \(.*\); --jobs 1 needs none\.$"):
        export([long], tmp_path / "two.nt", jobs=3)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_read_by_several_processes_too(tmp_path: Path, long: Path) -> None:
    export([long], tmp_path / "one.nt", jobs=1)
    os.mkfifo(tmp_path / "pipe")
    writer = subprocess.Popen(["sh", "-c", f"cat {long} > {tmp_path / 'pipe'}"])
    export([tmp_path / "pipe"], tmp_path / "two.nt", jobs=2)
    writer.wait()
    assert (tmp_path / "one.nt").read_bytes() == (tmp_path / "two.nt").read_bytes()


def test_workers_that_die_again_and_again_end_the_run(
    tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_workers(monkeypatch, die)
    with pytest.raises(OutputError, match=r"^Worker processes died twice .*, so nothing was written\.$"):
        run(many, tmp_path / "x.nt", 2)
    assert list(tmp_path.iterdir()) == []


def test_one_record_that_kills_each_worker_ends_the_run(
    tmp_path: Path, long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where all other tasks succeed."""

    def die_of_one(task: Any) -> None:
        if any(b"NCT00000900" in item.content for item in task):
            die()

    in_workers(monkeypatch, die_of_one)
    monkeypatch.setattr("kg.records.sources.is_plain", lambda _: False)  # so that the bytes are sent to the workers
    with pytest.raises(OutputError, match="died twice"):
        export([long], tmp_path / "x.nt", jobs=2)
    assert list(tmp_path.iterdir()) == []


def truncated(path: Path) -> None:
    os.truncate(path, 2_000_000)


def replaced(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(b"\n".join(reversed(path.read_bytes().splitlines())) + b"\n")
    other.replace(path)


@pytest.mark.parametrize(("count", "forks"), [(1, True), (2, True), (2, False)])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (truncated, "was truncated while it was read"),
        (replaced, "cannot be read to its end (the file was replaced while it was read)"),
        (Path.unlink, "cannot be read to its end (not found)"),
    ],
)
def test_an_input_that_changes_costs_what_was_not_read(
    tmp_path: Path,
    long: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path], None],
    said: str,
    count: int,
    forks: bool,
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1 if forks else 2)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(long.read_bytes())
    calls = 0

    def progress(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 40:
            change(copy)

    told: list[InputError] = []
    report = Report(on_problem=told.append)
    export([copy], tmp_path / "x.nt", jobs=count, progress=progress, report=report)
    assert 0 < report.totals.studies < 1500
    assert [str(error) for error in told if not isinstance(error, FieldError)] == [f"{copy}: {said}."]
    assert not report.lossless


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("first", [0, 9_000_000])
def test_progress_is_told_of_each_byte_once(tmp_path: Path, long: Path, jobs: int, first: int) -> None:
    """However large the first study is, and wherever the file is read."""
    made = tmp_path / "long.jsonl"
    made.write_bytes(b'{"hasResults": false, "x": "%s"}\n' % (b"x" * first) + long.read_bytes())
    told: list[int] = []
    export([made], tmp_path / "x.nt", jobs=jobs, progress=told.append)
    assert sum(told) == made.stat().st_size


def test_a_value_that_is_nested_too_deeply_to_be_handed_on_is_told(tmp_path: Path, long: Path) -> None:
    deep = b'{"protocolSection": {"identificationModule": {"nctId": %s}}}\n' % (b"[" * 800 + b"]" * 800)
    lines = long.read_bytes().splitlines(keepends=True)[:300]
    made = tmp_path / "deep.jsonl"
    made.write_bytes(b"".join([*lines[:200], deep, *lines[200:]]))
    one, two = run(made, tmp_path / "x.nt", 1), run(made, tmp_path / "x.nt", 2)
    assert one[:2] == two[:2]
    assert two[2].totals.studies == 300
    assert not two[2].lossless


def test_where_the_ends_of_children_are_not_told_of_all_is_well(tmp_path: Path, long: Path) -> None:
    """Some supervisors leave SIGCHLD ignored."""
    code = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    command = ["-m", "kg", "export", "-j", "2", str(long), "-o", str(tmp_path / "x.nt")]
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError("x"), r"A worker process failed \(MemoryError: x\), so nothing was written\."),
        (type("Odd", (Exception,), {"__reduce__": lambda _: 1 / 0})("x"), r"(A worker process failed|Worker proc).*\."),
        (OSError(errno.ENOSPC, "No space left on device"), r".*x\.nt cannot be written: No space left on device\."),
    ],
)
def test_a_failure_in_a_worker_is_one_sentence(
    tmp_path: Path, long: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(_: object) -> None:
        raise error

    in_workers(monkeypatch, fail)
    with pytest.raises(OutputError) as raised:
        export([long], tmp_path / "x.nt", jobs=2)
    assert re.fullmatch(sentence, str(raised.value))
    assert list(tmp_path.iterdir()) == []


def test_spawned_processes_give_the_same_bytes(tmp_path: Path, long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where other threads run, or the system cannot fork."""
    export([long], tmp_path / "one.nt", jobs=1)
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    export([long], tmp_path / "two.nt", jobs=2)
    assert (tmp_path / "one.nt").read_bytes() == (tmp_path / "two.nt").read_bytes()


def test_small_inputs_start_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_Pool", None)
    export([SEED], tmp_path / "x.ttl", jobs=8)
    assert (tmp_path / "x.ttl").exists()


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Input that takes some seconds."""
    place = tmp_path_factory.mktemp("long") / "long.jsonl"
    records = [orjson.dumps(orjson.loads(path.read_bytes())) for path in STUDIES]
    numbers = [json.loads(record)["protocolSection"]["identificationModule"]["nctId"].encode() for record in records]
    with place.open("wb") as file:
        for i in range(1500):
            record, number = records[i % len(records)], numbers[i % len(records)]
            file.write(record.replace(number, b"NCT%08d" % (i + 1)) + b"\n")
    return place


@pytest.mark.parametrize("count", [1, 2])
def test_a_killed_run_leaves_no_half_file(tmp_path: Path, long: Path, count: int) -> None:
    """kill -9 at 25 moments, from the first to the last."""
    output = tmp_path / "x.nt.zst"
    command = [*KG, "export", "-j", str(count), str(long), "-o", str(output)]
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole, takes = output.read_bytes(), time.monotonic() - started
    output.write_bytes(b"of before")
    moments = random.Random(count)
    for _ in range(25):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(moments.uniform(0, takes * 1.05))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert output.read_bytes() in (b"of before", whole)
    subprocess.run(command, check=True, capture_output=True)
    assert output.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["x.nt.zst"]  # what the killed runs left is gone


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_stop_leaves_nothing(tmp_path: Path, long: Path, sent: signal.Signals) -> None:
    process = subprocess.Popen([*KG, "export", "-j", "2", str(long), "-o", str(tmp_path / "x.nt")])
    while not list(tmp_path.iterdir()):  # until it writes
        time.sleep(0.01)
    process.send_signal(sent)
    assert process.wait(20) in (128 + sent, -sent)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "count"), [("x.nt", 1), ("x.nt", 2), ("x.parquet", 2)])
def test_a_full_disk_gives_one_sentence_and_no_half_file(tmp_path: Path, long: Path, name: str, count: int) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)], capture_output=True)
    if mounted.returncode:
        if os.environ.get("KG_CI"):
            pytest.fail("a small disk cannot be mounted")
        pytest.skip("mounting a small disk takes root")
    try:
        (place / name).write_bytes(b"of before")
        command = [*KG, "export", "-j", str(count), str(long), "-o", str(place / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert re.fullmatch(rf"kg: \S*{re.escape(name)} cannot be written: No space left on device\.\n", done.stderr)
        assert [path.name for path in place.iterdir()] == [name]
        assert (place / name).read_bytes() == b"of before"
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_memory_does_not_grow_with_the_input(long: Path, tmp_path: Path) -> None:
    """The peak of the parent and of each worker, of half of the input and of all of it."""
    part = tmp_path / "part.jsonl"
    part.write_bytes(b"".join(long.read_bytes().splitlines(keepends=True)[:750]))
    code = (
        "import re, resource, sys; from kg.export.run import export; export([sys.argv[1]], sys.argv[2], jobs=2);"
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]) // 1024);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    peaks = []
    for given in (part, long):
        command = [sys.executable, "-c", code, str(given), str(tmp_path / "x.nt")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append([int(each) for each in done.stdout.split()])
    assert max(map(max, peaks)) < 150
    assert max(large - small for small, large in zip(*peaks, strict=True)) < 24


def test_a_number_of_processes_that_is_none_is_refused(tmp_path: Path) -> None:
    done = subprocess.run([*KG, "export", "-j", "0", str(SEED), "-o", "-"], capture_output=True, check=False)
    assert done.returncode == 2
    with pytest.raises(UsageError):
        export([], tmp_path / "x.ttl", jobs=2)
    assert DATA.exists()


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system takes no such advice")
def test_the_input_is_asked_of_the_disk_before_it_is_read(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(chunks, "AHEAD", 500_000)
    monkeypatch.setattr(chunks, "LARGE", 0)
    monkeypatch.setattr(os, "posix_fadvise", lambda _, begin, size, __: asked.append((begin, begin + size)))
    reader = chunks.read_chunks([str(long)], pytest.fail)
    ends = [0]
    for item in reader:
        if isinstance(item, chunks.Chunk) and item.data.byte_range:
            ends.append(item.data.offset + item.data.size)
            assert max(end for _, end in asked) >= ends[-1] + 250_000
    assert len(ends) > len(asked) > 2
    assert [begin for begin, _ in asked[1:]] == [end for _, end in asked[:-1]]
