"""Training: what a log's own records teach, with no truth to look at.

Rarity of words and days is counted; spellings are learned from records that agree in all else; Splink estimates
how often each level shows between strangers (over pairs drawn by chance) and between records of one person (over
three kinds of pairs that share one thing, learning the two others).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from misuse import models, store
from misuse.errors import InputError
from misuse.linkage import chances, estimation, preparation
from misuse.linkage.levels import BIRTH, BIRTH_EXPECTED, COMPARISONS, HOME, NAME, SIZES
from misuse.linkage.model import MODEL_VERSION, Model, pinned

if TYPE_CHECKING:
    import duckdb

Floats = npt.NDArray[np.float64]

LEAST_RECORDS = 50
RANDOM_PAIRS = 1_000_000  # of all records, and as many of those with a birth date
SESSION_PAIRS = 1_500_000
SESSIONS = (NAME, "postcode", BIRTH)
BLOCKED = {NAME: NAME, "postcode": HOME, BIRTH: BIRTH}  # what a session's pairs share and cannot learn
LEAST_SHARE = 0.01  # of a session's pairs; where fewer are one person's, Splink would learn chance patterns
TURNS_EXPECTED = 20.0  # so many pairs of holders of one number in turn, half of them one person's, are taken as seen
EXPECTED_PAIRS = 100  # what is expected weighs as much as so many pairs of one person
# Two spellings are learned where all else makes one person four times likelier than not, in records of three kinds.
LEAST = {"least_weight": 2.0, "least_witnesses": 3}

# In bits. benchmarks/linkage.py shows these on planted truth; docs/decisions.md says what was looked at.
CUTS = {
    "strict": 1.0, "standard": 0.0, "loose": -1.0, "review": -1.0, "reach": 6.0, "average": -1.5, "floor": -4.0, "ceiling": 8.0,
}  # fmt: skip
HOUSEHOLD = -4.0  # what records of perhaps two of one household can weigh at most


@dataclass(frozen=True)
class Estimates:
    """Chances of every level by comparison, between records of one person and between strangers."""

    matched: dict[str, Floats]
    unmatched: dict[str, Floats]
    priors: Floats  # bits: log2 of the odds that two records drawn by chance are one person's, by what both know
    turn_prior: float  # bits: the same of two who held one number in turn
    sessions: dict[str, dict[str, float]]


def train(con: duckdb.DuckDBPyConnection, *, seed: int) -> Model:
    """A model of the records in vault.identity_records; nothing is stored, and nobody is asked who is who.

    The same records and seed give the same model, whatever their order. Errors: InputError where there are too
    few records to learn from.
    """
    _prepare(con)
    first = _estimate(con, seed)
    _learn_spellings(con, first)
    estimates = _estimate(con, seed)
    document = _parameters(estimates) | {
        "version": MODEL_VERSION,
        "seed": seed,
        "cuts": CUTS,
        "household": HOUSEHOLD,
        "block_limit": preparation.BLOCK_LIMIT,
        "trained_on": _counts(con) | {"sessions": estimates.sessions},
    }
    return pinned(document, con.execute(models.text("linkage/terms_to_pin"), {}).to_arrow_table())


def key_limit(records: int) -> int:
    """How many records may share a key: the more records there are, the fewer, so that pairs grow with records."""
    return int(np.clip(8000 / np.sqrt(records), 8, 60))


def _prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Features, keys, candidates and learned spellings of all records."""
    preparation.define_words(con)
    records = preparation.read_details(con, digest="")
    if records < LEAST_RECORDS:
        raise InputError(
            f"{records} records with details are too few to learn from: {LEAST_RECORDS} at least",
            next_step="ingest logs that carry subscribers' or callers' details, then train",
        )
    preparation.build(con, "term_counts")
    models.build(con, "linkage/pinned_terms", {}, temporary=True, relation="linkage_terms")
    preparation.build(con, "features", "key_parts")
    limit = key_limit(records)
    preparation.build(con, "common_parts", key_limit=limit)
    preparation.build(con, "composed_keys")
    preparation.build(con, "common_keys", key_limit=limit)
    preparation.build(con, "record_keys")
    _bring_together(con)
    preparation.define_levels(con)


def _bring_together(con: duckdb.DuckDBPyConnection) -> None:
    """`features_to_score` and `candidates`: every record, and all pairs worth comparing."""
    preparation.build(con, "features_to_score")
    preparation.build(con, "turns_to_score", digest="")
    con.execute("create or replace temp view compared as select * from features_to_score")
    preparation.build(con, "candidates", block_limit=preparation.BLOCK_LIMIT)
    preparation.define_pairs(con, "candidates")


def _learn_spellings(con: duckdb.DuckDBPyConnection, first: Estimates) -> None:
    """Words that stand for one another, where all else agrees by a first estimate; features with them."""
    preparation.define_pairs(con, "candidates")
    document = _parameters(first)
    parameters = preparation.weights(document) | LEAST | {"priors": document["priors"]}
    models.append(con, "linkage/learned_variants", parameters, relation="linkage_terms")
    preparation.build(con, "features", "features_to_score")


def _draw_pairs(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Levels of the pairs that Splink learns from: candidates, by chance, and by session."""
    preparation.define_pairs(con, "candidates")
    models.build(con, "linkage/level_counts", {}, temporary=True, relation="candidate_levels")
    preparation.build(con, "linkage_other")
    _draw(con, "random", "random_pairs", {"seed": seed, "most": RANDOM_PAIRS})
    for session in SESSIONS:
        _draw(con, session, "training_pairs", {"session": session, "most": SESSION_PAIRS})


def _estimate(con: duckdb.DuckDBPyConnection, seed: int) -> Estimates:
    """Splink's sessions, and the prior that the candidates bear out.

    Pairs drawn by chance hold some of one person's, which matter where levels are rare: once it is known what such
    pairs look like, strangers are reckoned without them, and all is learned once more.
    """
    _draw_pairs(con, seed)
    even = {name: np.full(SIZES[name], 1 / SIZES[name]) for name in COMPARISONS}
    strangers = estimation.estimate(con, "levels_random", even, even, share=1e-6, learns="unmatched").unmatched
    strangers = _seen(con, strangers)
    expected = _expected(con, strangers)
    matched, _ = _learn(con, expected, strangers)
    share = _shares(con, matched, strangers)[0]
    strangers = estimation.estimate(con, "levels_random", matched, strangers, share=share, learns="unmatched").unmatched
    strangers = _seen(con, strangers)
    matched, sessions = _learn(con, expected, strangers)
    _, priors = _shares(con, matched, strangers)
    return Estimates(matched, strangers, priors, _turn_prior(con, matched, strangers), sessions)


def _draw(con: duckdb.DuckDBPyConnection, session: str, model: str, parameters: dict[str, Any]) -> None:
    """`levels_<session>`: the levels of a session's pairs."""
    models.build(con, f"linkage/{model}", parameters, temporary=True, relation="drawn_pairs")
    preparation.define_pairs(con, "drawn_pairs")
    blocked = {"blocked": BLOCKED.get(session, "")}
    models.build(con, "linkage/session_levels", blocked, temporary=True, relation=f"levels_{session}")


def _learn(
    con: duckdb.DuckDBPyConnection, expected: dict[str, Floats], strangers: dict[str, Floats]
) -> tuple[dict[str, Floats], dict[str, dict[str, float]]]:
    """Chances of levels between records of one person: what the sessions found, weighed by their pairs."""
    found = {name: expected[name] * EXPECTED_PAIRS for name in COMPARISONS}
    sessions = {}
    for session in SESSIONS:
        pairs = store.count(con, f"levels_{session}")
        learns = [name for name in COMPARISONS if name != BLOCKED[session]]
        start = {name: expected[name] for name in learns}
        share = _share(con, session, {name: (expected[name], strangers[name]) for name in learns}) if pairs else 0.0
        sessions[session] = {"pairs": pairs, "share": round(share, 5)}
        if share < LEAST_SHARE:
            continue
        result = estimation.estimate(
            con, f"levels_{session}", start, {name: strangers[name] for name in learns}, share=share, learns="matched"
        )
        for name in learns:
            found[name] = found[name] + result.share * pairs * result.matched[name]
        sessions[session]["learned"] = round(result.share * pairs)
    return {name: chances / chances.sum() for name, chances in found.items()}, sessions


def _share(con: duckdb.DuckDBPyConnection, session: str, chance: dict[str, tuple[Floats, Floats]]) -> float:
    """Which share of a session's pairs are one person's, before their levels are learned.

    Splink starts from here: where a log holds few such pairs, a start from afar ends in chance patterns.
    """
    rows = (
        con.table(f"levels_{session}")
        .aggregate("name, home, birth, count(*) as pairs", "name, home, birth")
        .fetchnumpy()
    )
    bits = sum(chances.bits(rows[name], *found) for name, found in chance.items())
    return chances.share(np.asarray(bits), rows["pairs"], int(rows["pairs"].sum()))


def _expected(con: duckdb.DuckDBPyConnection, strangers: dict[str, Floats]) -> dict[str, Floats]:
    """Chances of levels between records of one person before anything is learned of such pairs."""
    steps = np.zeros(SIZES[NAME] // 3 + 1)
    for step, records in con.execute(models.text("linkage/name_steps"), {}).fetchall():
        steps[step] = records
    expected = {
        NAME: chances.expected_names(steps),
        HOME: chances.expected_homes(strangers[HOME]),
        BIRTH: np.array(BIRTH_EXPECTED),
    }
    # Nothing is impossible: a level that neither expectation nor pairs know has the same chance in both.
    return {name: 0.999 * found + 0.001 * strangers[name] for name, found in expected.items()}


def _seen(con: duckdb.DuckDBPyConnection, strangers: dict[str, Floats]) -> dict[str, Floats]:
    """Chances of levels between strangers, none of them nought: see misuse.linkage.chances."""
    pairs = store.count(con, "levels_random")
    return {name: chances.seen(found, pairs, is_grid=name == HOME) for name, found in strangers.items()}


def _shares(
    con: duckdb.DuckDBPyConnection, matched: dict[str, Floats], unmatched: dict[str, Floats]
) -> tuple[float, Floats]:
    """How many of all pairs are one person's, as the candidates bear out, and bits of that by what both know.

    What two records both know says something of itself: whoever gives a birth date calls more than most.
    """
    rows = con.execute("select name, home, birth, known, pairs from candidate_levels").fetchnumpy()
    bits = np.asarray(sum(chances.bits(rows[name], matched[name], unmatched[name]) for name in COMPARISONS))
    totals = _known_pairs(con)
    known, pairs = np.asarray(rows["known"]), np.asarray(rows["pairs"])
    whole = chances.share(bits, pairs, float(totals.sum()))
    shares = np.array(
        [
            chances.share(bits[known == held], pairs[known == held], total) if total else whole
            for held, total in enumerate(totals)
        ]
    )
    return whole, np.log2(shares / (1 - shares))


def _known_pairs(con: duckdb.DuckDBPyConnection) -> Floats:
    """How many pairs know just these of both, in the order of known_of: a home is known where its postcode or address is."""
    pairs = chances.exactly(con.execute(models.text("linkage/known_counts"), {}).fetchnumpy()["records"])
    totals = np.zeros(8)
    for details, count in enumerate(pairs):
        totals[4 * (details >> 3) + 2 * bool(details & 6) + (details & 1)] += count
    return totals


def _turn_prior(con: duckdb.DuckDBPyConnection, matched: dict[str, Floats], unmatched: dict[str, Floats]) -> float:
    """Bits: how likely two who held one number in turn are one person, before their details are looked at."""
    _draw(con, "turns", "turn_pairs", {})
    rows = con.table("levels_turns").aggregate("name, home, birth, count(*) as pairs", "name, home, birth").fetchnumpy()
    bits = sum(chances.bits(rows[name], matched[name], unmatched[name]) for name in COMPARISONS)
    found = chances.share(np.asarray(bits), rows["pairs"], int(rows["pairs"].sum()), even=TURNS_EXPECTED)
    return float(np.log2(found / (1 - found)))


def _parameters(estimates: Estimates) -> dict[str, Any]:
    """What is pinned: the prior, and of every comparison both chances of every level and its bits."""
    comparisons = {}
    for name in COMPARISONS:
        matched, unmatched = estimates.matched[name], estimates.unmatched[name]
        comparisons[name] = {
            "matched": [round(float(value), 9) for value in matched],
            "unmatched": [round(float(value), 12) for value in unmatched],
            "bits": [round(float(value), 3) for value in np.log2(matched / unmatched)],
        }
    return {
        "turn_prior": round(estimates.turn_prior, 3),
        "priors": [round(float(bits), 3) for bits in estimates.priors],
        "comparisons": comparisons,
    }


def _counts(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """How many records knew what: counts only."""
    found = con.execute(models.text("linkage/trained_on"), {}).fetchnumpy()
    return {name: int(values[0]) for name, values in found.items()}
