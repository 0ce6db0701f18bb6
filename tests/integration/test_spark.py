"""The Spark recipe writes the rows of ``kg export``, with Spark on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kg.export.run import export
from kg.rdf import parquet
from tests.conftest import STUDIES

RECIPE = Path(__file__).parents[2] / "docs" / "spark.py"


def test_the_recipe_writes_the_same_statements(tmp_path: Path) -> None:
    """With a duplicate study, and a line that is not a study."""
    if not os.environ.get("KG_SPARK"):  # set where it was installed for this
        pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'pyspark[sql]'")
    lines = [json.dumps(json.loads(path.read_text("utf-8"))) for path in STUDIES]
    (tmp_path / "studies.jsonl").write_text("\n".join([*lines, lines[0]]), "utf-8")
    export([tmp_path / "studies.jsonl"], tmp_path / "one.parquet")
    with (tmp_path / "studies.jsonl").open("a") as file:
        file.write('\n{"no": "study"}\n')
    command = [sys.executable, str(RECIPE), str(tmp_path / "studies.jsonl"), str(tmp_path / "out.parquet")]
    here = os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    options = "--master local[2] --conf spark.ui.enabled=false --conf spark.sql.shuffle.partitions=2 pyspark-shell"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=here | {"PYSPARK_SUBMIT_ARGS": options}
    )
    assert done.returncode == 1, done.stderr
    assert "not a study" in done.stderr or "nctId" in done.stderr
    names = list(parquet.COLUMNS)
    rows = [
        sorted(map(str, pq.read_table(tmp_path / name, columns=names).to_pylist()))
        for name in ("one.parquet", "out.parquet")
    ]
    assert rows[0] == rows[1]
    assert f"{len(rows[0]):,} statements, 1 lines rejected." in done.stdout
