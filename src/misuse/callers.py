"""Numbers to callers: number-holding spells, the vault's records of their details, links, and the groups they make.

What does not change is not reckoned again: a spell's record and a number's evidence stand until its calls change, a
pair's score for as long as the model does. The groups are a function of the calls, the model and people's decisions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import identity, models, store, vault, warehouse
from misuse.errors import StoreError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from misuse import linkage

EVIDENCE = "number_evidence"
COMPARISON = "comparison"
SPELL_MODELS = (
    "callers/number_calls",
    "callers/changed_numbers",
    "callers/number_details",
    "callers/number_evidence",
    "callers/number_spells",
    "callers/changed_spells",
    "callers/spell_combinations",
    "callers/spell_details",
)
LINK_MODELS = (
    "callers/spell_marks",
    "callers/shared_spells",
    "callers/spell_links",
    "callers/linked_spells",
    "callers/decided_links",
)
NO_CUTS = identity.Cuts(strict=0.0, standard=0.0, loose=0.0, review=0.0)


# ── spells and their records ───────────────────────────────────────────────────────────────────


def find_spells(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    """Make the temporary table number_spells from call records and the vault, attached as `vault`.

    The evidence of numbers whose calls are those of the last run is kept.
    """
    _forget_other_rules(con, parameters)
    models.build(con, "callers/number_calls", parameters, temporary=True)
    models.script(con, "identities/keep_evidence", {})
    for name in ("changed_numbers", "number_details"):
        models.build(con, f"callers/{name}", parameters, temporary=True)
    models.append(con, "callers/number_evidence", parameters, relation=EVIDENCE)
    models.build(con, "callers/number_spells", parameters, temporary=True)
    for name in ("number_calls", "changed_numbers", "number_details"):
        models.drop_temporary(con, name)


def _forget_other_rules(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> None:
    """Evidence and records made by other models or for another silence are made anew."""
    made_by = hashlib.sha256("|".join([*map(models.text, SPELL_MODELS), str(parameters["number_gap_days"])]).encode())
    if store.mark(con, EVIDENCE) != made_by.hexdigest():
        con.execute("delete from number_evidence")
        con.execute("delete from spell_records")
        store.set_mark(con, EVIDENCE, made_by.hexdigest())
    _forget_other_scores(con)


def _forget_other_scores(con: duckdb.DuckDBPyConnection) -> None:
    """Scores made by another way of comparing, or by an engine that hashes keys otherwise, are made anew."""
    import duckdb as engine

    texts = [models.text(name) for name in models.names("linkage")]
    made_by = hashlib.sha256("|".join([engine.__version__, *texts]).encode()).hexdigest()
    if store.mark(con, COMPARISON) != made_by:
        models.script(con, "identities/forget_scores", {})
        store.set_mark(con, COMPARISON, made_by)


def keep_records(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], *, forgets: bool) -> None:
    """Bring the vault's records of details up to number_spells; where `forgets`, those of no spell any more go.

    A run for an earlier day must not forget: the next one would have everything to score again.
    """
    models.script(con, "identities/forget_spells", {})
    for name in ("changed_spells", "spell_combinations", "spell_details"):
        models.build(con, f"callers/{name}", parameters, temporary=True)
    models.script(con, "identities/keep_records", {})
    models.script(con, "identities/note_superseded", {})
    if forgets:
        models.script(con, "identities/forget_turns", {})
        models.script(con, "identities/forget_records", {})
    models.drop_temporary(con, "held_in_turn")


# ── the model ──────────────────────────────────────────────────────────────────────────────────


def model_in_force(con: duckdb.DuckDBPyConnection) -> str:
    """The digest of the model that links callers, as the warehouse `con` knows it; empty where none is trained."""
    return store.mark(con, "identity_model")


def unscored(con: duckdb.DuckDBPyConnection, digest: str) -> int:
    """How many records, and pairs of those who held one number in turn, the model has still to compare."""
    return sum(
        len(con.execute(models.text(name), {"digest": digest}).fetchall())
        for name in ("linkage/unscored", "linkage/turns_to_score")
    )


def score(settings: Settings) -> int:
    """Compare new records with all others by the model in force; how many there were.

    In a database of its own: the linker makes tables of names in whichever it is given.
    """
    from misuse import linkage

    with (
        warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con,
        vault.attached(con, settings),
    ):
        model = linkage.load(con)
        return linkage.score(con, _readable(model)) if model else 0


def _readable(model: linkage.Model) -> linkage.Model:
    """The model, if this release reads its document. Errors: StoreError where it was made by another."""
    from misuse import linkage

    if model.document.get("version") != linkage.MODEL_VERSION:
        raise StoreError(
            f"the model that links callers, {model.digest[:12]}, was made by another release and cannot be read",
            next_step="misuse identity train, then accept the new one",
        )
    return model


def load_model(con: duckdb.DuckDBPyConnection, digest: str) -> linkage.Model | None:
    """The model in force, or None. Errors: StoreError where the vault has not the one that the warehouse names."""
    if not digest:
        return None
    from misuse import linkage

    model = linkage.load(con)
    if model is None or model.digest != digest:
        raise StoreError(
            "the model that links callers is not the one this warehouse names",
            next_step="misuse identity models lists them; accept one again",
        )
    return _readable(model)


# ── links to groups ────────────────────────────────────────────────────────────────────────────


def link(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], model: linkage.Model | None) -> None:
    """Make the tables spell_links and spell_groups: the model's links, people's decisions, numbers held in turn.

    The vault is attached; without a model people's decisions alone link. The spells are those just found, or the last
    run's.
    """
    _find_last_spells(con)
    cuts = model.cuts if model else NO_CUTS
    values = {**parameters, "identity_model": model.digest if model else "", "review_weight": cuts.review}
    for name in LINK_MODELS:
        models.build(con, name, values)
    models.script(con, "rules/spell_groups", {})
    frame = _grouped(con, cuts)
    con.register("grouped_spells", frame)
    con.execute(_KEEP_GROUPS)
    con.unregister("grouped_spells")


def _find_last_spells(con: duckdb.DuckDBPyConnection) -> None:
    """Where no spells were just found, number_spells is the last run's."""
    if not store.holds(con, "number_spells"):
        con.execute(_LAST_SPELLS)


_LAST_SPELLS = """
create or replace temp view number_spells as
select
    token, spell_id, spell_number, is_premises, number_kind, spell_from, spell_to, first_call_at, last_call_at, calls,
    split_reason, 0::ubigint as fingerprint
from caller_numbers
"""
_LINKED = "select count(*) from linked_spells"
_LINKS = """
select one.position as left_at, other.position as right_at, links.weight
from spell_links as links
inner join linked_spells as one on links.spell_a = one.spell_id
inner join linked_spells as other on links.spell_b = other.spell_id
"""
_DECIDED = "select position_a, position_b from decided_links where decision = $decision"
_SAME_NUMBER = """
select first_spells.position, later_spells.position
from linked_spells as first_spells
inner join linked_spells as later_spells on first_spells.token = later_spells.token
where first_spells.spell_number = 1 and later_spells.spell_number > 1
"""
_KEEP_GROUPS = """
insert into spell_groups by name
select linked_spells.spell_id, grouped_spells.* exclude (position)
from linked_spells
inner join grouped_spells on linked_spells.position = grouped_spells.position
"""


def _grouped(con: duckdb.DuckDBPyConnection, cuts: identity.Cuts) -> pl.DataFrame:
    """The groups of every linked spell by its position."""
    import numpy as np
    import polars as pl

    (count,) = con.execute(_LINKED).fetchone() or (0,)
    links = con.execute(_LINKS).fetchnumpy()
    left, right = (np.asarray(links[name], dtype=np.int64) for name in ("left_at", "right_at"))
    same, not_same = (con.execute(_DECIDED, {"decision": name}).fetchall() for name in ("same", "not_same"))
    found = identity.group(
        count, left, right, np.asarray(links["weight"], dtype=np.float64),
        cuts=cuts, same=same, not_same=not_same, reach_only=con.execute(_SAME_NUMBER).fetchall(),
    )  # fmt: skip
    none = np.empty(0, dtype=np.int64)
    by_people = identity.group(count, none, none, none.astype(np.float64), cuts=cuts, same=same, not_same=not_same)
    # Where a decision gives way to another, what the program joined may be less than what people did.
    confirmed = by_people.strict * np.int64(count + 1) + found.strict
    levels = {level: _of_several(getattr(found, level)) for level in ("strict", "standard", "loose", "reach")}
    return pl.DataFrame(
        {
            "position": np.arange(count, dtype=np.int64),
            **{f"{level}_group": labels for level, labels in levels.items()},
            "confirmed_group": confirmed,
        }
    )


def _of_several(labels: npt.NDArray[np.int64]) -> pl.Series:
    """The labels of groups, null where a member is alone."""
    import numpy as np
    import polars as pl

    alone = np.bincount(labels, minlength=1)[labels] == 1 if len(labels) else np.empty(0, dtype=np.bool_)
    return pl.Series(labels, dtype=pl.Int64).set(pl.Series(alone, dtype=pl.Boolean), None)


# ── what was published ─────────────────────────────────────────────────────────────────────────


def new_sets(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Callers of several spells that no run has published yet: their spells by their id."""
    return {str(caller): list(spells) for caller, spells in con.execute(_NEW_SETS).fetchall()}


_NEW_SETS = """
select callers.*
from (
    select caller_id, list(spell_id order by spell_id) as spell_ids
    from caller_numbers
    where spells > 1
    group by caller_id
) as callers
left join casebook_caller_sets as sets
    on callers.caller_id = sets.caller_id and callers.spell_ids = list_sort(sets.spell_ids)
where sets.caller_id is null
order by callers.caller_id
"""


def holdings(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str | None]]:
    """Who held the numbers that passed on, as the casebook keeps it: see `Casebook.publish_holders`."""
    _find_last_spells(con)
    return models.select(con, "identities/holdings", {}).fetchall()


def standing_hits(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """The hits by which rules stop callers in this run: caller, rule, hit. The run's stops have been found."""
    return models.select(con, "identities/standing_hits", {}).fetchall()


def new_stops(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Stops that reach spells of other numbers than the one that was hit, where no run has published them yet.

    Keys: rule_id, hit, is_silent_only, spells. The run's stops have been found.
    """
    return store.rows(models.select(con, "identities/stops_to_keep", {}))
