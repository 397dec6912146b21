"""The training: held out, calibrated, gated. The only importer of scikit-learn for shared lines."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misuse.shared_lines.applying import FEATURES, Model, matrix, probability_of, standard

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from misuse.shared_lines.applying import Floats

    Flags = npt.NDArray[np.bool_]
    Words = npt.NDArray[np.str_]

VERSION = 1
LEAST_PRECISION = 0.90  # lower end of the 95% interval, on lines held out of the training
LEAST_PROBABILITY = 0.5
LEAST_OF_EACH = 40  # known lines, and persons' numbers, below which nothing is learned
LEAST_PLACES = 20  # groups that the known lines must come from, so that every fold has some
SUPPOSED_UNMARKED = 0.1  # of all shared lines, where no subscriber's record tells
FOLDS = 5
SOLVER = "newton-cholesky"  # many lines, few features: exact in a few steps
PENALTY = 0.1  # scikit-learn's C: of 1, 0.3, 0.1 and 0.03 the best Brier score on known lines held out
Z95 = 1.959963984540054


@dataclass(frozen=True)
class _Lines:
    """Numbers to learn from or to judge by: features, whether known to be shared, the group held out together."""

    values: Floats
    is_known: Flags
    group: Words

    def take(self, where: Flags) -> _Lines:
        return _Lines(self.values[where], self.is_known[where], self.group[where])


def fit(frame: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """A calibrated logistic regression and the probability from which it may suggest, as a JSON document.

    `frame` has a row per number: the features and shared_line_labels. The threshold is the lowest probability at
    which the gate holds on folds held out (`_gate`). The whole procedure is judged again on folds that it never
    saw; where the gate does not hold there, `threshold` is None and `why` says so.
    """
    import polars as pl

    ordered = frame.sort("spell_id")
    is_learned = pl.col("is_known") | ((pl.col("identity_kind") == "person") & ~pl.col("names_a_place"))
    learned = ordered.filter(is_learned)
    lines, left_out = _lines(learned), _lines(ordered.filter(~is_learned))
    document: dict[str, Any] = {
        "kind": "shared_lines", "version": VERSION, "seed": seed, "threshold": None, "why": "", "features": [],
        "intercept": 0.0, "known_lines": int(lines.is_known.sum()), "persons_numbers": int((~lines.is_known).sum()),
        "left_out": len(left_out.group), "log_days": int(frame["log_days"][0]) if frame.height else 0, **_unmarked(ordered),
    }  # fmt: skip
    if too_few := _too_few(lines):
        return document | {"why": too_few}
    ratio = document["unmarked_share"] / (1 - document["unmarked_share"])
    model, held_out = _trained(lines, seed)
    threshold = _threshold(held_out, lines.is_known, ratio)
    judged = _judged(lines, left_out, ratio, seed)
    document |= {"features": list(model.features), "intercept": model.intercept, "held_out": judged["figures"]}
    document["held_out"]["found_by_kind"] = _by_kind(learned, judged["is_suggested"])
    if threshold is None or not judged["figures"]["holds"]:
        document["why"] = (
            f"on lines held out its precision is not surely {LEAST_PRECISION:.0%} at any probability, so it suggests nothing"
        )
        return document
    return document | {"threshold": threshold}


def _too_few(lines: _Lines) -> str:
    """Why nothing can be learned from so few lines; empty where it can."""
    known, persons = int(lines.is_known.sum()), int((~lines.is_known).sum())
    places = len(set(lines.group[lines.is_known].tolist()))
    if min(known, persons) >= LEAST_OF_EACH and places >= LEAST_PLACES:
        return ""
    return (
        f"{known} known shared lines at {places} places and {persons} persons' numbers call often enough; to learn the "
        f"difference takes {LEAST_OF_EACH} of each, at {LEAST_PLACES} places"
    )


def _lines(frame: pl.DataFrame) -> _Lines:
    return _Lines(
        matrix(frame), frame["is_known"].to_numpy().astype(bool), frame["holdout_group"].to_numpy().astype(str)
    )


def _unmarked(frame: pl.DataFrame) -> dict[str, Any]:
    """What part of all shared lines nobody marked: by lines whose subscriber is a place or a firm, if there are enough."""
    import polars as pl

    places = frame.filter("names_a_place")
    unmarked = places.filter(~pl.col("is_known")).height
    if places.height < LEAST_OF_EACH:
        return {"unmarked_share": SUPPOSED_UNMARKED, "unmarked_basis": "supposed: too few subscribers are places"}
    share = min((unmarked + 0.5) / (places.height + 1), 0.9)
    return {
        "unmarked_share": round(share, 4),
        "unmarked_basis": f"of {places.height} lines whose subscriber is a place",
    }


def _folds(group: Words, seed: int) -> Iterator[Flags]:
    """Which lines each fold holds out: whole groups, dealt by a seeded digest of their names."""
    import numpy as np

    names, at = np.unique(group, return_inverse=True)
    dealt = np.array(
        [int(hashlib.sha256(f"{seed}|{name}".encode()).hexdigest()[:8], 16) % FOLDS for name in names], int
    )
    for fold in range(FOLDS):
        yield np.asarray(dealt[at] == fold)


def _regression(lines: _Lines) -> Model:
    """Plain logistic regression with scikit-learn's usual penalty: no class is weighted, so that odds stay odds."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    known = ~np.isnan(lines.values)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, lines.values, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, lines.values - centre, 0.0) ** 2).sum(axis=0) / count)
    scale = np.where(spread > 1e-9, spread, 1.0)
    told = [
        {"name": name, "centre": float(centre[at]), "scale": float(scale[at]), "weight": 0.0}
        for at, name in enumerate(FEATURES)
    ]
    fitted = LogisticRegression(C=PENALTY, solver=SOLVER).fit(standard(lines.values, told), lines.is_known)
    features = (feature | {"weight": float(weight)} for feature, weight in zip(told, fitted.coef_[0], strict=True))
    return Model(tuple(features), float(fitted.intercept_[0]))


def _trained(lines: _Lines, seed: int) -> tuple[Model, Floats]:
    """The calibrated model of these lines, and each line's probability by models that never saw its group."""
    import numpy as np

    odds = np.zeros(len(lines.group))
    for out in _folds(lines.group, seed):
        odds[out] = _regression(lines.take(~out)).odds(lines.values[out])
    slope, offset = _platt(odds, lines.is_known)
    return _regression(lines).stretched(slope, offset), probability_of(odds * slope + offset)


def _platt(odds: Floats, is_known: Flags) -> tuple[float, float]:
    """Slope and offset that make held-out odds true ones (Platt 1999, with his smoothed targets)."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    known, others = is_known.sum(), (~is_known).sum()
    target = np.where(is_known, (known + 1) / (known + 2), 1 / (others + 2))
    fitted = LogisticRegression(C=1e6, solver=SOLVER).fit(
        np.concatenate([odds, odds])[:, None],
        np.repeat([1, 0], len(odds)),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


# ── the gate ───────────────────────────────────────────────────────────────────────────────────


def wilson(right: float, of: float) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927); 0 to 1 of nothing."""
    if of <= 0:
        return 0.0, 1.0
    share, z2 = right / of, Z95 * Z95
    middle, half = share + z2 / (2 * of), Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max((middle - half) / (1 + z2 / of), 0.0), min((middle + half) / (1 + z2 / of), 1.0)


def _gate(right: int, wrong: int, ratio: float) -> bool:
    """Whether suggestions are right often enough, of lines held out and as a reader will meet them.

    A reader meets only lines that nobody marked, `ratio` of them for each that is; so the known ones are thinned.
    """
    return (
        right > 0
        and wilson(right, right + wrong)[0] >= LEAST_PRECISION
        and ratio * right >= LEAST_PRECISION * (ratio * right + wrong)
    )


def _threshold(probability: Floats, is_known: Flags, ratio: float) -> float | None:
    """The lowest probability, four places, from which on the gate holds; None where it never does."""
    import numpy as np

    steps = np.unique(np.floor(probability[probability >= LEAST_PROBABILITY] * 1e4) / 1e4)
    for step in steps.tolist():
        suggested = probability >= step
        if _gate(int((suggested & is_known).sum()), int((suggested & ~is_known).sum()), ratio):
            return float(max(step, LEAST_PROBABILITY))
    return None


def _judged(lines: _Lines, left_out: _Lines, ratio: float, seed: int) -> dict[str, Any]:
    """The procedure, threshold and all, on folds that it never saw; and on the lines left out of the training."""
    import numpy as np

    probability, is_suggested = np.zeros(len(lines.group)), np.zeros(len(lines.group), dtype=bool)
    is_found = np.zeros(len(left_out.group), dtype=bool)
    for out, beside in zip(_folds(lines.group, seed), _folds(left_out.group, seed), strict=True):
        rest = lines.take(~out)
        model, held_out = _trained(rest, seed + 1)
        threshold = _threshold(held_out, rest.is_known, ratio) or math.inf
        probability[out] = probability_of(model.odds(lines.values[out]))
        is_suggested[out] = probability[out] >= threshold
        is_found[beside] = probability_of(model.odds(left_out.values[beside])) >= threshold
    right, wrong = int((is_suggested & lines.is_known).sum()), int((is_suggested & ~lines.is_known).sum())
    low, high = wilson(right, right + wrong)
    figures = {
        "suggested": right + wrong, "right": right, "precision": _places(right / max(right + wrong, 1)),
        "precision_low": _places(low), "precision_high": _places(high),
        "precision_as_read": _places(ratio * right / max(ratio * right + wrong, 1e-9)),
        "found": _places(right / max(int(lines.is_known.sum()), 1)), "holds": _gate(right, wrong, ratio),
        "unmarked_places": len(left_out.group), "unmarked_places_found": int(is_found.sum()),
        **_calibration(probability, lines.is_known),
    }  # fmt: skip
    return {"figures": figures, "is_suggested": is_suggested}


def _places(value: float) -> float:
    return round(float(value), 4)


def _calibration(probability: Floats, is_known: Flags) -> dict[str, Any]:
    """Brier's score, and of lines by probability how many were expected to be shared and how many are known to be."""
    import numpy as np

    ends = (0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
    bins = np.digitize(probability, ends[1:-1])
    return {
        "brier": float(f"{np.mean((probability - is_known) ** 2):.3g}"),
        "calibration": [
            {
                "to": end,
                "lines": int((bins == at).sum()),
                "expected": round(float(probability[bins == at].sum()), 1),
                "known": int(is_known[bins == at].sum()),
            }
            for at, end in enumerate(ends[1:])
        ],
    }


def _by_kind(learned: pl.DataFrame, is_suggested: Flags) -> dict[str, list[int]]:
    """Of the known lines of each kind how many were found, and how many there are."""
    import polars as pl

    known = learned.with_columns(pl.Series("found", is_suggested)).filter("is_known").explode("kinds")
    tally = known.group_by(pl.col("kinds").fill_null("other").alias("kind")).agg(pl.col("found").sum(), of=pl.len())
    return {kind: [int(found), int(of)] for kind, found, of in tally.sort("kind").iter_rows()}
