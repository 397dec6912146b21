"""Whether a call's facts tell more of it than its code: trained on earlier months' verdicts, judged on later ones.

`train` alone imports scikit-learn; what it makes is a pinned document, and `apply` needs NumPy only. It never makes a
call misuse: where it is used it parts a code's calls into those more and less like misuse, whose rates verdicts tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

VERSION = 1
AMOUNTS = ("answer_seconds", "talk_seconds", "wrap_seconds", "units_assigned", "unit_seconds")
WORDS = ("grade", "result_code", "qualifiers", "number_kind", "part_of_day")
FEWEST, LEAST_HELD_OUT, FEWEST_OF_WORD = 300, 0.3, 10
FOLDS, PENALTY, SURE = 5, 0.1, 1.645
BAND = math.log(2.0)  # twice as likely by the facts as by the code, in odds


def train(frame: pl.DataFrame) -> dict[str, Any]:
    """A calibrated logistic regression as a JSON document, and whether it ships.

    `frame`: a row per verdict: month, kind, stratum, AMOUNTS, WORDS, is_misuse. The last months with three verdicts in
    ten are held out. It ships if its Brier score there is lower than that of code rates of the earlier months, by more
    than chance would make it (one-sided 95%). Keys: ships, why, brier, baseline_brier, trained, held_out, judged_from (the
    first month held out: earlier verdicts taught it and rate none of its bands), and the model.
    """
    import polars as pl

    ordered = frame.sort("month", "call_key")
    months = ordered.group_by("month").agg(calls=pl.len()).sort("month", descending=True)
    later = months.filter(pl.col("calls").cum_sum().shift(1, fill_value=0) < LEAST_HELD_OUT * frame.height)["month"]
    earlier, held_out = (ordered.filter(pl.col("month").is_in(later.implode()) == is_out) for is_out in (False, True))
    document = {
        "kind": "code_classifier", "version": VERSION, "ships": False, "why": "", "brier": None,
        "baseline_brier": None, "trained": earlier.height, "held_out": held_out.height,
        "judged_from": None,
    }  # fmt: skip
    outcomes = earlier["is_misuse"].n_unique() if earlier.height else 0
    if min(earlier.height, 2 * held_out.height) < FEWEST or outcomes < 2:
        return document | {"why": f"{frame.height} verdicts in {months.height} months are too few to learn from"}
    document |= {"judged_from": str(held_out["month"].min()), **_fitted(earlier)}
    return document | _judged(document, held_out)


def _judged(document: Mapping[str, Any], held_out: pl.DataFrame) -> dict[str, Any]:
    import numpy as np

    truth = held_out["is_misuse"].to_numpy().astype(np.float64)
    model, baseline = (_expit(odds) for odds in (_odds(document, held_out), _code_odds(document, held_out)))
    gain = (baseline - truth) ** 2 - (model - truth) ** 2
    ships = bool(gain.mean() > SURE * gain.std() / len(gain) ** 0.5)
    figures = {"brier": round(float(((model - truth) ** 2).mean()), 5),
               "baseline_brier": round(float(((baseline - truth) ** 2).mean()), 5)}  # fmt: skip
    compared = f"Brier score {figures['brier']:.4f}, of code rates {figures['baseline_brier']:.4f}"
    said = "it beats code rates on later months" if ships else "it does not surely beat code rates on later months"
    return {"ships": ships, "why": f"{said}: {compared}, {len(truth)} calls", **figures}


def _fitted(frame: pl.DataFrame) -> dict[str, Any]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    shape = {"rates": _rates(frame), "amounts": _amounts(frame), "words": _words(frame)}
    values, truth = _matrix(shape, frame), frame["is_misuse"].to_numpy()
    plain = LogisticRegression(C=PENALTY, solver="newton-cholesky")
    odds = cross_val_predict(plain, values, truth, cv=FOLDS, method="decision_function")
    platt = LogisticRegression(C=1e6, solver="newton-cholesky").fit(np.asarray(odds)[:, None], truth)
    slope, offset = float(platt.coef_[0, 0]), float(platt.intercept_[0])
    fitted = plain.fit(values, truth)
    weights = [float(f"{weight * slope:.8g}") for weight in fitted.coef_[0]]
    return {**shape, "weights": weights, "intercept": float(f"{fitted.intercept_[0] * slope + offset:.8g}")}


def _rates(frame: pl.DataFrame) -> dict[str, float]:
    """Log odds of misuse by kind and stratum, leaning on the kind by two calls; '' of a kind: where nothing is known."""
    import polars as pl

    found: dict[str, float] = {}
    for kind in sorted(frame["kind"].unique()):
        part = frame.filter(pl.col("kind") == kind)
        mean = (int(part["is_misuse"].sum()) + 0.5) / (part.height + 1)
        tallies = part.group_by("stratum").agg(calls=pl.len(), misuse=pl.col("is_misuse").sum()).sort("stratum")
        shares = {name: (misuse + 2 * mean) / (calls + 2) for name, calls, misuse in tallies.iter_rows()}
        found |= {f"{kind}|{name}": round(math.log(share / (1 - share)), 6) for name, share in shares.items()}
        found[f"{kind}|"] = round(math.log(mean / (1 - mean)), 6)
    return found


def _amounts(frame: pl.DataFrame) -> list[list[Any]]:
    told = []
    for name in AMOUNTS:
        known = frame[name].drop_nulls().cast(float).clip(lower_bound=0).log1p()
        if known.len() >= FEWEST_OF_WORD and float(str(known.std() or 0.0)) > 1e-6:
            told.append([name, round(float(str(known.mean())), 6), round(float(str(known.std())), 6)])
    return told


def _words(frame: pl.DataFrame) -> list[list[str]]:
    import polars as pl

    told = []
    for name in WORDS:
        tallies = frame.group_by(pl.col(name).alias("word")).agg(calls=pl.len()).drop_nulls().sort("word")
        told += [[name, str(word)] for word, calls in tallies.iter_rows() if calls >= FEWEST_OF_WORD]
    return told


def _matrix(shape: Mapping[str, Any], frame: pl.DataFrame) -> Floats:
    """The code's log odds, amounts from their centre in their spread (unknown: at it), and words."""
    import numpy as np

    columns = [_code_odds(shape, frame)]
    for name, centre, spread in shape["amounts"]:
        known = frame[name].cast(float).clip(lower_bound=0).log1p()
        columns.append(((known - centre) / spread).fill_null(0.0).clip(-5.0, 5.0).to_numpy())
    columns += [(frame[name] == word).fill_null(value=False).to_numpy() for name, word in shape["words"]]
    return np.column_stack(columns).astype(np.float64).round(9)


def _code_odds(shape: Mapping[str, Any], frame: pl.DataFrame) -> Floats:
    import numpy as np

    rates: Mapping[str, float] = shape["rates"]
    pairs: Sequence[tuple[str, str]] = frame.select("kind", "stratum").rows()
    odds = {pair: rates.get(f"{pair[0]}|{pair[1]}", rates.get(f"{pair[0]}|", 0.0)) for pair in set(pairs)}
    return np.array([odds[pair] for pair in pairs], dtype=np.float64)


def _odds(document: Mapping[str, Any], frame: pl.DataFrame) -> Floats:
    import numpy as np

    return np.asarray(_matrix(document, frame) @ np.array(document["weights"]) + document["intercept"])


def apply(document: Mapping[str, Any], frame: pl.DataFrame) -> list[str]:
    """Of each call: 'more' or 'less' where its facts make misuse twice as likely, or half, in odds, as its code; else ''."""
    import numpy as np

    excess = _odds(document, frame) - _code_odds(document, frame)
    return [str(band) for band in np.where(excess > BAND, "more", np.where(excess < -BAND, "less", ""))]


def _expit(value: Floats) -> Floats:
    import numpy as np

    return np.asarray(1.0 / (1.0 + np.exp(-value)))
