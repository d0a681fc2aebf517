"""Spark: its session, and a revision's Parquet file as a DataFrame. Optional: ``requirements-spark.txt`` and Java 17.

Only ``quality.spark.child`` and what it loads import this. In local mode all is one Java process beside the child,
bounded by its own heap; with a cluster, that process drives it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyspark
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (as everybody writes it)
from pyspark.sql import types as T  # noqa: N812

SPARK_VERSION = f"pyspark {pyspark.__version__}"
ROW = "row"
"""Column of a frame: the number of the row in the file, from 1."""

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """Where Spark runs.

    :param master: ``local[n]``, or ``spark://host:port`` of a cluster.
    :param driver_host: address at which the executors of a cluster reach this machine.
    :param heap_mb: heap of the driver, which in local mode does all the work.
    :param python_mb: memory of the Python process, and of the one that SQL statements run in.
    """

    master: str
    driver_host: str
    heap_mb: int
    python_mb: int

    @property
    def local(self) -> bool:
        """Whether this machine does the work."""
        return self.master.startswith("local")


def open_session(settings: SparkSettings, folder: Path) -> SparkSession:
    """A session that writes nowhere but in a folder, shows no page, and listens on one address.

    :param folder: for what does not fit in memory; the caller removes it.
    :raises RuntimeError: Java does not start.
    """
    host = _LOOPBACK if settings.local else settings.driver_host
    os.environ["SPARK_LOCAL_IP"] = host
    os.environ["SPARK_LOCAL_DIRS"] = str(folder)
    os.environ["SPARK_CONF_DIR"] = str(folder)
    builder = SparkSession.builder.master(settings.master).appName("quality")
    for name, value in (_options(settings, folder) | {"spark.driver.host": host}).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _options(settings: SparkSettings, folder: Path) -> dict[str, str]:
    java = (
        f"-Xss4m -XX:+UseSerialGC -XX:-UsePerfData -XX:MaxMetaspaceSize=192m -XX:ReservedCodeCacheSize=96m"
        f" -XX:MaxDirectMemorySize=96m -XX:+ExitOnOutOfMemoryError"
        f" -Djava.io.tmpdir={folder} -Duser.timezone=UTC"
    )
    return {
        "spark.driver.bindAddress": _LOOPBACK if settings.local else "0.0.0.0",  # noqa: S104 (a cluster calls back)
        "spark.driver.memory": f"{settings.heap_mb}m",
        "spark.driver.extraJavaOptions": java,
        "spark.driver.maxResultSize": "64m",
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
        "spark.metrics.staticSources.enabled": "false",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.caseSensitive": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
        # Days and times before 1582 as they are in the file.
        "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
        "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
        "spark.sql.files.maxPartitionBytes": "32m",
    }


@dataclass(frozen=True, slots=True)
class SparkFrame:
    """A revision as Spark reads it.

    :param data: ``row`` and the columns under names of our own, which no dot, quote or case of a letter can confuse.
    :param raw: the same, where NaN is a value: for comparing whole rows.
    :param names: those names, by the names of the revision.
    """

    data: DataFrame
    raw: DataFrame
    names: Mapping[str, str]


def read_parquet(session: SparkSession, path: Path) -> SparkFrame:
    """A Parquet file of this machine, or of a folder that every executor sees under the same path.

    NaN becomes missing, as pandas has it.
    """
    source = session.read.parquet(path.absolute().as_uri())
    names = {name: f"c{place}" for place, name in enumerate(source.columns)}
    row = (source.metadataColumn("_metadata").getField("row_index") + 1).alias(ROW)
    columns = [_column(source, field).alias(names[field.name]) for field in source.schema.fields]
    raw = source.select(row, *columns)
    return SparkFrame(raw.select(*(_present(field) for field in raw.schema.fields)), raw, names)


def _column(source: DataFrame, field: T.StructField) -> Column:
    """A column, with times of an offset as the others are: on the clock of UTC."""
    column = source["`" + field.name.replace("`", "``") + "`"]
    return column.cast(T.TimestampNTZType()) if isinstance(field.dataType, T.TimestampType) else column


def _present(field: T.StructField) -> Column:
    column = F.col(field.name)
    if isinstance(field.dataType, T.FloatType | T.DoubleType):
        return F.when(~F.isnan(column), column).alias(field.name)
    return column
