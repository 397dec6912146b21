"""Great Expectations: the suites that hold the limits, the store of results, the data docs.

The only importer of Great Expectations, inside functions: its import takes seconds. It sees metrics
and counts, never a call's or a person's values.
"""

from __future__ import annotations

import logging
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.errors import StoreError
from misuse.quality import pages
from misuse.quality.checks import CheckResult, Metric, result_of
from misuse.review import OPEN_STATES
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

# Data Docs slow down past a thousand results; the whole history is in the warehouse.
KEEP_RESULTS = 60

CONFIGURATION = """\
config_version: 4.0
analytics_enabled: false
progress_bars:
  globally: false
  metric_calculations: false
plugins_directory: plugins/
expectations_store_name: expectations_store
validation_results_store_name: validation_results_store
checkpoint_store_name: checkpoint_store
stores:
  expectations_store:
    class_name: ExpectationsStore
    store_backend: {class_name: TupleFilesystemStoreBackend, base_directory: expectations/}
  validation_results_store:
    class_name: ValidationResultsStore
    store_backend: {class_name: TupleFilesystemStoreBackend, base_directory: results/}
  checkpoint_store:
    class_name: CheckpointStore
    store_backend: {class_name: TupleFilesystemStoreBackend, base_directory: checkpoints/}
  validation_definition_store:
    class_name: ValidationDefinitionStore
    store_backend: {class_name: TupleFilesystemStoreBackend, base_directory: validation_definitions/}
data_docs_sites: {}
"""


@dataclass(frozen=True)
class Mart:
    """A small published relation that is validated row by row, and the columns that go there: no identities."""

    name: str
    columns: tuple[str, ...]


MARTS = (
    Mart(
        "tasking_list",
        ("rank", "part", "identity_kind", "misuse_calls_window", "episodes", "handling_hours", "lane", "status"),
    ),
    Mart("estimates", ("window_name", "counted_by", "unit", "point", "low", "high", "bound_low", "bound_high")),
    Mart("bridge", ("window_name", "step_number", "callers", "calls", "misuse_calls", "share")),
    Mart("persistent_callers", ("rank", "misuse_calls", "episodes", "share_of_misuse")),
)


# Units of estimates: amounts are never below nothing, differences may be.
AMOUNTS = (
    *("calls", "callers", "share", "days_a_month", "hours_a_month", "safeguards"),
    *("full_time", "pounds_a_month", "seconds", "minutes", "calls_a_day"),
)
DIFFERENCES = ("share_difference", "seconds_difference", "minutes_difference", "relative_change")


@cache
def _library() -> Any:
    """Great Expectations, imported once and quiet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own imports are deprecated here and there
        import great_expectations
        import great_expectations.expectations.row_conditions
        import pandas  # noqa: F401 - so that its first import is as quiet
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return great_expectations


@contextmanager
def _context(home: Path) -> Iterator[Any]:
    """The project context under home/quality, made on first use, with analytics and progress bars off."""
    library = _library()
    root = home / "quality"
    project = root / "gx"
    project.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration = project / "great_expectations.yml"
    if not configuration.exists():
        configuration.write_text(CONFIGURATION, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield library.get_context(mode="file", project_root_dir=str(root))


def judge(metrics: Sequence[Metric], home: Path, door: str, run_id: str, now: datetime) -> list[CheckResult]:
    """One row of metrics, one column a check, one suite a door: does each lie within its limits?"""
    expected = _library().expectations
    import pandas as pd

    row = {metric.check.name: [math.nan if metric.value is None else metric.value] for metric in metrics}
    expectations = [
        expected.ExpectColumnMaxToBeBetween(
            column=metric.check.name,
            min_value=metric.low,
            max_value=metric.high,
            severity="critical" if metric.check.severity == "fail" else "warning",
            notes=metric.check.assertion,
        )
        for metric in metrics
    ]
    with _context(home) as context:
        outcomes = _validate(context, door, pd.DataFrame(row), expectations, "SUMMARY", run_id, now)
    return [result_of(metric, holds) for metric, holds in zip(metrics, outcomes, strict=True)]


def _validate(
    context: Any,
    name: str,
    frame: Any,
    expectations: list[Any],
    result_format: str,
    run_id: str,
    now: datetime,
) -> list[bool]:
    """Validate a frame; whether each expectation held, in order. One that raised did not hold."""
    library = _library()
    definition = _definition(context, name, expectations)
    found = definition.run(
        batch_parameters={"dataframe": frame},
        result_format=result_format,
        run_id=library.RunIdentifier(run_name=run_id, run_time=now if now.tzinfo else now.replace(tzinfo=UTC)),
    )
    _prune(Path(context.root_directory) / "results")
    by_key = {_key(r.expectation_config): bool(r.success) and not raised(r.exception_info) for r in found.results}
    return [by_key.get(_key(expectation.configuration), False) for expectation in expectations]


def _key(configuration: Any) -> str:
    kwargs = {name: value for name, value in configuration.kwargs.items() if name != "batch_id"}
    return f"{configuration.type} {sorted(kwargs.items(), key=str)}"


def raised(exception_info: Any) -> bool:
    """Great Expectations gives one record, or one for each metric, of what an expectation raised."""
    if not exception_info:
        return False
    if "raised_exception" in exception_info:
        return bool(exception_info["raised_exception"])
    return any(isinstance(part, Mapping) and part.get("raised_exception") for part in exception_info.values())


def _definition(context: Any, name: str, expectations: list[Any]) -> Any:
    """The validation definition of a suite, whose limits are brought up to date."""
    library = _library()
    known = {suite.name: suite for suite in context.suites.all()}
    if name in known:
        suite = known[name]
        if [_key(e.configuration) for e in suite.expectations] != [_key(e.configuration) for e in expectations]:
            suite.expectations = expectations
            suite.save()
        return context.validation_definitions.get(name)
    sources = context.data_sources.all()
    source = sources["metrics"] if "metrics" in sources else context.data_sources.add_pandas("metrics")
    batches = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(library.ExpectationSuite(name=name, expectations=expectations))
    return context.validation_definitions.add(library.ValidationDefinition(name=name, data=batches, suite=suite))


def _prune(store: Path) -> None:
    """Keep the newest results of each suite: <suite>/<run name>/<time>/<batch>.json."""
    for suite in (path for path in store.iterdir() if path.is_dir()):
        results = sorted(suite.glob("*/*/*.json"), key=lambda path: (path.parent.name, path.stat().st_mtime_ns))
        for path in results[:-KEEP_RESULTS]:
            path.unlink()
            for folder in (path.parent, path.parent.parent):
                if not any(folder.iterdir()):
                    folder.rmdir()


def validate_mart(
    con: duckdb.DuckDBPyConnection, mart: Mart, settings: Settings, run_id: str, now: datetime
) -> CheckResult:
    """How many expectations of a small mart's rows do not hold; results say yes or no, never which value."""
    import duckdb

    name = f"rows_of_{mart.name}"
    expectations = _mart_expectations(mart.name, settings)
    try:
        frame = con.table(mart.name).select(*mart.columns).df()
    except duckdb.Error as error:
        trouble = f"{name} could not be measured ({type(error).__name__}). Next: report it with the run's id"
        return CheckResult(name, "fail", None, 0.0, 0.0, False, trouble)
    with _context(settings.home) as context:
        outcomes = _validate(context, name, frame, expectations, "BOOLEAN_ONLY", run_id, now)
    broken = [e.configuration for e, holds in zip(expectations, outcomes, strict=True) if not holds]
    sentence = f"every row of {mart.name} keeps its rules"
    if broken:
        which = ", ".join(sorted({str(c.kwargs.get("column", c.kwargs.get("column_A"))) for c in broken}))
        sentence = f"rows of {mart.name} break {len(broken)} rules, on {which}. Next: report the run's id"
    return CheckResult(name, "fail", float(len(broken)), 0.0, 0.0, not broken, sentence)


def _mart_expectations(name: str, settings: Settings) -> list[Any]:
    e = _library().expectations
    column_of_rows = e.row_conditions.Column
    between, among, whole = (
        e.ExpectColumnValuesToBeBetween,
        e.ExpectColumnValuesToBeInSet,
        e.ExpectColumnValuesToNotBeNull,
    )
    if name == "tasking_list":
        # A case under action or review stays on the list though the count has fallen.
        status = column_of_rows("status")
        without_open_case = {"row_condition": status.is_null() | status.is_not_in(list(OPEN_STATES))}
        return [
            between(column="rank", min_value=1),
            e.ExpectColumnValuesToBeUnique(column="rank"),
            among(column="part", value_set=[1, 2, 3, 4]),
            among(column="identity_kind", value_set=["person"]),
            between(column="misuse_calls_window", min_value=settings.threshold, **without_open_case),
            between(column="episodes", min_value=1, **without_open_case),
            *(between(column=column, min_value=0) for column in ("misuse_calls_window", "episodes", "handling_hours")),
            among(column="lane", value_set=["technical", "support", "engagement", "enforcement"]),
        ]
    if name == "estimates":
        amounts = {"row_condition": column_of_rows("unit").is_not_in(list(DIFFERENCES))}
        return [
            among(column="window_name", value_set=["headline", "since_log_start", "d365", "d90", "d30", "quarter"]),
            among(column="counted_by", value_set=["caller", "number", "standard", "loose"]),
            among(column="unit", value_set=[*AMOUNTS, *DIFFERENCES]),
            between(column="point", min_value=0, **amounts),
            *(
                e.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A=higher, column_B=lower, or_equal=True, ignore_row_if="either_value_is_missing"
                )
                for lower, higher in (("low", "point"), ("point", "high"), ("bound_low", "bound_high"))
            ),
        ]
    if name == "bridge":
        return [
            # Of no misuse call there is no share.
            whole(column="share", row_condition=column_of_rows("misuse_calls") > 0),
            between(column="share", min_value=0, max_value=1),
            between(column="step_number", min_value=1, max_value=7),
            *(between(column=column, min_value=0) for column in ("callers", "calls", "misuse_calls")),
        ]
    return [
        between(column="rank", min_value=1),
        e.ExpectColumnValuesToBeUnique(column="rank"),
        between(column="misuse_calls", min_value=settings.threshold),
        between(column="episodes", min_value=1),
        between(column="share_of_misuse", min_value=0, max_value=1),
    ]


def build_docs(home: Path, run_id: str, out: Path) -> Path:
    """Build the Data Docs of the recent results into `out`; returns its first page.

    The pages as made load scripts, styles and pictures from other hosts; what is kept loads nothing.
    """
    if not re.fullmatch(r"[\w.-]+", run_id):
        raise StoreError(f"{run_id!r} is no run id", next_step="see `misuse runs`")
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(out.resolve())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    out.mkdir(parents=True, exist_ok=True)
    with _context(home) as context:
        if "run" in context.variables.data_docs_sites:
            context.delete_data_docs_site("run")
        context.add_data_docs_site("run", site)
        try:
            context.build_data_docs(site_names=["run"])
        finally:
            context.delete_data_docs_site("run")
    return pages.make_local(out, run_id)
