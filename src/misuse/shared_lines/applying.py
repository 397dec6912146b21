"""A pinned model on a run's numbers: how likely each is a shared line, and why, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    Floats = npt.NDArray[np.float64]

MOST_REASONS = 4
LEAST_SHARE_OF_REASON = 0.25  # in log odds
MOST_STRETCH = 1.25  # of the days of log that the model was learned on
FARTHEST = 5.0  # spreads from the centre: one odd trait alone decides nothing

# What a feature says where the number has more, or less, of it than numbers usually have.
FEATURES: Mapping[str, tuple[str, str]] = {
    "calls_a_week": ("calls often", "calls seldom"),
    "span_share": ("calls throughout the log", "calls for a short time only"),
    "active_share": ("calls are spread over many days", "calls fall on few days"),
    "within_hour_share": ("calls often follow within the hour", "calls seldom follow within the hour"),
    "burstiness": ("calls come in bursts", "calls come evenly"),
    "night_share": ("calls at night", "seldom calls at night"),
    "weekend_share": ("calls at weekends", "seldom calls at weekends"),
    "genuine_share": ("most calls are in earnest", "most calls are coded misuse"),
    "fixed_share": ("is a fixed line", "is no fixed line"),
    "mobile_share": ("is a mobile", "is no mobile"),
    "hour_diversity": ("calls at all hours", "calls at a few hours"),
    "code_diversity": ("calls about many different things", "calls about one thing"),
    "borough_diversity": ("calls about several boroughs", "calls about one borough"),
    "ward_diversity": ("calls about several wards", "calls about one ward"),
    "name_diversity": ("many names are given on its calls", "one name is given on its calls"),
    "birth_diversity": ("many dates of birth are given on its calls", "one date of birth is given on its calls"),
}


@dataclass(frozen=True)
class Model:
    """A logistic regression on standardised features."""

    features: tuple[dict[str, Any], ...]
    intercept: float

    def shares(self, values: Floats) -> Floats:
        """What each feature of each line adds to its log odds."""
        shares: Floats = standard(values, self.features) * _column(self.features, "weight")
        return shares

    def odds(self, values: Floats) -> Floats:
        """Log odds of being a shared line."""
        odds: Floats = self.shares(values).sum(axis=1) + self.intercept
        return odds

    def stretched(self, slope: float, offset: float) -> Model:
        """The same with its log odds stretched and moved, settled to eight figures so that a pin is a pin."""
        features = tuple(
            {name: part if isinstance(part, str) else float(f"{part:.8g}") for name, part in feature.items()}
            | {"weight": float(f"{feature['weight'] * slope:.8g}")}
            for feature in self.features
        )
        return Model(features, float(f"{self.intercept * slope + offset:.8g}"))


def _scores() -> dict[str, Any]:
    """The columns of shared_line_scores."""
    import polars as pl

    return {
        "spell_id": pl.String, "caller_id": pl.String, "probability": pl.Float64, "reasons": pl.List(pl.String),
        "calls": pl.Int64, "misuse_calls": pl.Int64,
    }  # fmt: skip


def why_silent(document: Mapping[str, Any], frame: pl.DataFrame) -> str:
    """Why the model suggests nothing of these numbers, in a clause; empty where it may.

    A longer window gathers more rare calls of a person, which makes persons look like places: a model learned on half
    a year would be right in two suggestions of three on a whole one.
    """
    if document["threshold"] is None:
        return str(document["why"])
    if not frame.height:
        return "no number calls often enough to be judged"
    learned, found = int(document["log_days"]), int(frame["log_days"][0])
    if learned / MOST_STRETCH <= found <= learned * MOST_STRETCH:
        return ""
    return f"it was learned on {learned} days of log and the window now holds {found}: misuse identity train"


def apply(frame: pl.DataFrame, document: Mapping[str, Any]) -> pl.DataFrame:
    """Persons' numbers that the model takes for shared lines, by falling probability.

    Columns: spell_id, caller_id, probability (four places), reasons (in words, never values), calls, misuse_calls.
    Empty where `why_silent` says so.
    """
    import numpy as np
    import polars as pl

    if why_silent(document, frame):
        return pl.DataFrame(schema=_scores())
    persons = frame.filter(pl.col("identity_kind") == "person").sort("spell_id")
    model = Model(tuple(document["features"]), float(document["intercept"]))
    values = matrix(persons, [feature["name"] for feature in model.features])
    shares, probability = model.shares(values), probability_of(model.odds(values))
    rows = np.flatnonzero(probability >= document["threshold"]).tolist()
    found = persons[rows].with_columns(
        pl.Series("probability", probability[rows], dtype=pl.Float64).round(4),
        pl.Series("reasons", [_reasons(shares[row], model) for row in rows], dtype=pl.List(pl.String)),
    )
    columns = [pl.col(name).cast(kind) for name, kind in _scores().items()]
    return found.select(columns).sort("probability", "spell_id", descending=[True, False])


def _reasons(shares: Floats, model: Model) -> list[str]:
    """What speaks most for a shared line, in words."""
    order = sorted(range(len(shares)), key=lambda at: (-round(float(shares[at]), 6), at))[:MOST_REASONS]
    told = [model.features[at] for at in order if shares[at] >= LEAST_SHARE_OF_REASON]
    return [FEATURES[feature["name"]][0 if feature["weight"] > 0 else 1] for feature in told]


def matrix(frame: pl.DataFrame, names: Iterable[str] = FEATURES) -> Floats:
    """The features as numbers, NaN where the log does not tell; to nine places, for sums in parallel differ beyond."""
    import numpy as np

    columns = [frame[name].cast(float).fill_null(float("nan")).to_numpy() for name in names]
    return np.column_stack(columns).astype(np.float64).round(9)


def standard(values: Floats, told: Sequence[Mapping[str, Any]]) -> Floats:
    """Each feature from its centre in its own spread; what is not known speaks neither way."""
    import numpy as np

    centred = (values - _column(told, "centre")) / _column(told, "scale")
    return np.asarray(np.where(np.isnan(centred), 0.0, centred).clip(-FARTHEST, FARTHEST), dtype=np.float64)


def _column(told: Sequence[Mapping[str, Any]], name: str) -> Floats:
    import numpy as np

    return np.array([feature[name] for feature in told], dtype=np.float64)


def probability_of(odds: Floats) -> Floats:
    """The probability that log odds stand for."""
    import numpy as np

    return np.asarray(1.0 / (1.0 + np.exp(-odds)), dtype=np.float64)
