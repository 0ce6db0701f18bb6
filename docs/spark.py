"""The export on Spark: ``spark-submit docs/spark.py STUDIES.jsonl OUT.parquet``.

STUDIES.jsonl is JSON Lines, a study a line, wherever Spark reads text from; OUT.parquet is a folder of Parquet with the
columns of ``kg export -o trials.parquet``. Of two records of one study the newer is exported, of two as new the later.
The package has to be where the workers are: ``pip install 'trialkg[parquet]' 'pyspark[sql]'``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

FACTS = "id long, study string, version long, problem string"
USAGES = "description binary"
STATEMENTS = ", ".join(f"{name} string" for name in ("subject", "predicate", "object", "datatype", "language", "graph"))


def facts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Of each line the study and how new it is, or why it is none."""
    from kg.errors import RecordError
    from kg.export.exporter import Exporter

    exporter = Exporter()

    def fact(line: str) -> tuple[str | None, int | None, str | None]:
        try:
            record = orjson.loads(line)
            return exporter.headers.study(record), exporter.headers.version(record), None
        except (RecordError, ValueError, AttributeError) as error:
            return None, None, str(error)

    for batch in batches:
        found = [fact(line) for line in batch.column("value").to_pylist()]
        columns = [batch.column("id"), *(pa.array(each) for each in zip(*found, strict=True))]
        types = [pa.int64(), pa.string(), pa.int64(), pa.string()]
        made = [column.cast(kind) for column, kind in zip(columns, types, strict=True)]
        yield pa.RecordBatch.from_arrays(made, ["id", "study", "version", "problem"])


def statements(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The statements of some lines: the pure function that every engine maps, and its bytes as columns."""
    from kg.export.exporter import Exporter
    from kg.rdf.parquet import table

    exporter = Exporter(graphs=True)
    for batch in batches:
        data = b"".join([exporter.from_json(line.encode()).data for line in batch.column("value").to_pylist()])
        yield from text_columns(table(data)).to_batches()


def text_columns(rows: Any) -> Any:
    """A table whose columns are plain texts."""
    return rows.cast(pa.schema([(name, pa.string()) for name in rows.column_names]))


def usages(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The descriptions of the shared resources that each line uses."""
    from kg.export.exporter import Exporter

    exporter = Exporter(graphs=True)
    for batch in batches:
        studies = (exporter.from_json(line.encode()) for line in batch.column("value").to_pylist())
        found = [each for study in studies for each in study.shared]
        yield pa.RecordBatch.from_arrays([pa.array(found, pa.binary())], ["description"])


def shared(spark: SparkSession, kept: DataFrame) -> DataFrame:
    """The statements about shared resources: each resource once for the whole run."""
    from kg.export.exporter import Exporter
    from kg.export.shared_resources import Usage
    from kg.rdf.parquet import table

    counted = kept.mapInArrow(usages, USAGES).groupBy("description").count().collect()
    pieces = Exporter(graphs=True).shared(Usage(bytes(row["description"]), row["count"]) for row in counted)
    rows = text_columns(table(b"".join([data for data, _ in pieces])))
    return spark.createDataFrame([tuple(row.values()) for row in rows.to_pylist()], STATEMENTS)


def export(spark: SparkSession, source: str) -> tuple[DataFrame, DataFrame]:
    """The statements of the studies that stand, and the lines that are none."""
    lines = spark.read.text(source).withColumn("id", f.monotonically_increasing_id())
    told = lines.mapInArrow(facts, FACTS).cache()
    newest = Window.partitionBy("study").orderBy(f.desc("version"), f.desc("id"))
    standing = told.where("study is not null").withColumn("place", f.row_number().over(newest)).where("place = 1")
    kept = lines.join(f.broadcast(standing.select("id")), "id", "left_semi")
    rows = kept.mapInArrow(statements, STATEMENTS).unionByName(shared(spark, kept))
    return rows, told.where("study is null").select("id", "problem")


def main(source: str, target: str) -> int:
    """Writes the statements, and tells what is lost; gives the exit status."""
    # A study becomes some hundred rows, so few lines go through a worker at a time.
    spark = (
        SparkSession.builder.appName("kg export")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", 200)
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )
    rows, lost = export(spark, source)
    rows.write.mode("overwrite").parquet(target)
    problems = lost.collect()
    for each in problems:
        print(f"line {each.id}: {each.problem}", file=sys.stderr)
    print(f"{spark.read.parquet(target).count():,} statements, {len(problems):,} lines lost.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
