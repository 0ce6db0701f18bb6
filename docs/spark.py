"""The export on Spark: ``spark-submit docs/spark.py STUDIES.jsonl OUT.parquet``.

STUDIES.jsonl is JSON Lines, one study per line, from anywhere that Spark can read; OUT.parquet is a folder of Parquet
with the columns of ``kg export -o trials.parquet``. The newest record of each study is exported.
The workers need the package: ``pip install '.[parquet]' 'pyspark[sql]'`` in the checkout.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

FACTS = "id long, study string, version long, problem string"
USAGES = "description binary"
STATEMENTS = ", ".join(f"{name} string" for name in ("subject", "predicate", "object", "datatype", "language", "graph"))


def facts(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield for each line the study number and version, or why it is not a study."""
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
        rows = [fact(line) for line in batch.column("value").to_pylist()]
        columns = [batch.column("id"), *(pa.array(column) for column in zip(*rows, strict=True))]
        types = [pa.int64(), pa.string(), pa.int64(), pa.string()]
        typed = [column.cast(kind) for column, kind in zip(columns, types, strict=True)]
        yield pa.RecordBatch.from_arrays(typed, ["id", "study", "version", "problem"])


def statements(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the statements of the studies as columns."""
    from kg.export.exporter import Exporter
    from kg.rdf.parquet import table

    exporter = Exporter(graphs=True)
    for batch in batches:
        data = b"".join([exporter.from_json(line.encode()).data for line in batch.column("value").to_pylist()])
        yield from table(data).to_batches()


def usages(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the descriptions of the shared resources that each study refers to."""
    from kg.export.exporter import Exporter

    exporter = Exporter(graphs=True)
    for batch in batches:
        studies = (exporter.from_json(line.encode()) for line in batch.column("value").to_pylist())
        descriptions = [description for study in studies for description in study.shared]
        yield pa.RecordBatch.from_arrays([pa.array(descriptions, pa.binary())], ["description"])


def shared(spark: SparkSession, kept: DataFrame) -> DataFrame:
    """Return the statements about shared resources, once for the whole run."""
    from kg.export.exporter import Exporter
    from kg.export.shared_resources import Usage
    from kg.rdf.parquet import table

    counted = kept.mapInArrow(usages, USAGES).groupBy("description").count().collect()
    pieces = Exporter(graphs=True).shared(Usage(bytes(row["description"]), row["count"]) for row in counted)
    rows = table(b"".join([data for data, _ in pieces]))
    return spark.createDataFrame([tuple(row.values()) for row in rows.to_pylist()], STATEMENTS)


def export(spark: SparkSession, source: str) -> tuple[DataFrame, DataFrame]:
    """Return the statements of the newest record of each study, and the lines that are not studies."""
    lines = spark.read.text(source).withColumn("id", f.monotonically_increasing_id())
    versions = lines.mapInArrow(facts, FACTS).cache()
    order = Window.partitionBy("study").orderBy(f.desc("version"), f.desc("id"))
    newest_lines = (
        versions.where("study is not null").withColumn("place", f.row_number().over(order)).where("place = 1")
    )
    kept = lines.join(f.broadcast(newest_lines.select("id")), "id", "left_semi")
    rows = kept.mapInArrow(statements, STATEMENTS).unionByName(shared(spark, kept))
    return rows, versions.where("study is null").select("id", "problem")


def main(source: str, target: str) -> int:
    """Write the statements and report rejected lines; return the exit status."""
    # A study becomes hundreds of rows, so keep the batches small.
    spark = (
        SparkSession.builder.appName("kg export")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", 200)
        .config("spark.sql.parquet.compression.codec", "zstd")
        .getOrCreate()
    )
    rows, lost = export(spark, source)
    rows.write.mode("overwrite").parquet(target)
    problems = lost.collect()
    for problem in problems:
        print(f"line {problem.id}: {problem.problem}", file=sys.stderr)
    print(f"{spark.read.parquet(target).count():,} statements, {len(problems):,} lines rejected.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
