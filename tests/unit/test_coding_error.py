"""A run reckons with the verdicts there are, and invents none: hand-made calls, verdicts of a finished sample."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pytest

from misuse import coding, coding_error, models, publication
from misuse.coding.callers import corrected

AT = datetime(2025, 6, 1)
# Whose, how coded: twelve callers of twelve calls coded misuse and three otherwise, and people who call once.
FREQUENT = [(f"f{at}", code) for at in range(12) for code in ["HOAX"] * 12 + ["FIRE"] * 3]
SELDOM = [(f"s{at}", code) for at in range(200) for code in (["HOAX"] if at < 40 else ["FIRE"])]
CALLS = [(UUID(int=at + 1), caller, code, code == "DOUBT") for at, (caller, code) in enumerate([*FREQUENT, *SELDOM])]
# fmt: off
SCHEMA = """
create table calls (
    call_key uuid, caller_id varchar, identity_kind varchar, received_at timestamp, channel varchar, closing_code varchar,
    opening_code varchar, is_misuse boolean, is_doubtful boolean, doubt_kind varchar, is_stopped boolean
);
create table windows as
select
    'headline' as window_name, timestamp '2025-01-01' as window_from, timestamp '2026-01-01' as window_to, '999' as channel,
    10 as threshold;
create table caller_windows (caller_id varchar, misuse_calls bigint, window_name varchar);
"""
# fmt: on


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """What a run holds when it comes to coding error."""
    with duckdb.connect() as opened:
        opened.execute(SCHEMA)
        put_in(opened, CALLS)
        for name in ("casebook_coded_calls", "casebook_coding_models", "casebook_coding_samples"):
            models.script(opened, f"rules/{name}", {})
        publication.store_frame(opened, "estimates", coding_error._frame("estimates", []))
        yield opened


def put_in(con: duckdb.DuckDBPyConnection, calls: list[tuple[Any, ...]]) -> None:
    rows = [
        (key, caller, "person", AT, "999", code, None, code not in ("FIRE", "DOUBT"), is_doubtful, "unknown", False)
        for key, caller, code, is_doubtful in calls
    ]
    con.executemany("insert into calls values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def judge(con: duckdb.DuckDBPyConnection, said: dict[str, str], *, code: str = "", every: int = 3) -> int:
    """Both coders say of every third call what `said` says of its code; the log may have called it `code` then."""
    rows = [
        ("D1", 1, key, caller[0] == "f", "other" if now == "FIRE" else "misuse", code if code and now != "FIRE" else now,
         said[now], said[now], None)
        for key, caller, now, _ in CALLS[::every]
    ]  # fmt: skip
    con.executemany("insert into casebook_coded_calls values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return len(rows)


def reckoned(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    coding_error.reckon(con, {"run_id": "r1", "as_of": AT.date(), "threshold": 10}, seed=1)
    rows = con.table("estimates").pl().to_dicts()
    return {row["estimate"]: row for row in rows}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"HOAX": "cannot_tell", "FIRE": "not_misuse"}, "coded misuse of frequent callers (48 cannot be told)"),
        ({"HOAX": "misuse", "FIRE": "cannot_tell"}, "coded otherwise of frequent callers (12 cannot be told)"),
        ({"HOAX": "cannot_tell", "FIRE": "cannot_tell"}, "coded otherwise of all others"),
    ],
)
def test_a_kind_of_code_without_a_verdict_corrects_nothing_and_is_named(
    con: duckdb.DuckDBPyConnection, said: dict[str, str], named: str
) -> None:
    judge(con, said)
    found = reckoned(con)
    assert set(found) == set(coding_error.FIGURES)
    assert {row[end] for row in found.values() for end in ("point", "low", "high", "numerator")} == {None}
    (method,) = {row["method"] for row in found.values()}
    assert method.startswith("not corrected: no verdict on any call ")
    assert named in method
    assert "misuse coding draw" in method
    for relation in ("code_error_rates", "caller_chances"):
        assert len(con.table(relation)) == 0, "no rate and no chance is invented either"


def test_verdicts_on_both_kinds_correct(con: duckdb.DuckDBPyConnection) -> None:
    drawn = judge(con, {"HOAX": "misuse", "FIRE": "not_misuse"})
    found = reckoned(con)["corrected_persistent_callers"]
    assert found["point"] == pytest.approx(12, abs=0.5)
    assert found["method"].startswith(f"{drawn} calls coded again")
    assert "doubtful ones have an error rate of their own" in found["method"]


def test_few_verdicts_on_who_could_be_over_the_line_are_told(con: duckdb.DuckDBPyConnection) -> None:
    judge(con, {"HOAX": "misuse", "FIRE": "not_misuse"})
    few = "; few calls were coded again: of frequent callers' 48 coded misuse, 12 coded otherwise"
    assert few in reckoned(con)["corrected_persistent_callers"]["method"]
    enough = {"is_frequent": True, **dict.fromkeys(coding_error._SETTLED, coding_error.ENOUGH)}
    assert not coding_error._few([enough | {"kind": kind} for kind in ("misuse", "other")])


def test_verdicts_not_settled_are_none(con: duckdb.DuckDBPyConnection) -> None:
    judge(con, {"HOAX": "misuse", "FIRE": "not_misuse"})
    con.execute("update casebook_coded_calls set second_verdict = 'not_misuse' where kind = 'misuse' and is_frequent")
    assert "coded misuse of frequent callers (48 not settled)" in reckoned(con)["corrected_misuse_calls"]["method"]


def test_verdicts_on_a_code_that_is_gone_stay_with_their_kind_and_are_told(con: duckdb.DuckDBPyConnection) -> None:
    """The calls judged have left the window; those now in it are coded with another word."""
    drawn = judge(con, {"HOAX": "misuse", "FIRE": "not_misuse"}, code="PRANK")
    con.execute("update casebook_coded_calls set call_key = uuid() where kind = 'misuse'")
    found = reckoned(con)["corrected_persistent_callers"]
    assert found["method"].startswith(f"{drawn} calls coded again"), "every verdict still counts"
    gone = sum(code == "HOAX" for _, _, code, _ in CALLS[::3])
    assert f"{gone} verdicts are on codes that the log has no more" in found["method"]
    rates = {
        (row["kind"], row["is_frequent"], row["stratum"]): row for row in con.table("code_error_rates").pl().to_dicts()
    }
    assert rates["misuse", True, "(other codes)"]["calls"] == 0
    assert rates["misuse", True, "(other codes)"]["coded_again"] == 48
    assert rates["misuse", True, "HOAX"]["coded_again"] == 0
    assert rates["misuse", True, "HOAX"]["low"] < rates["misuse", True, "(other codes)"]["low"], "less is known of it"


def test_doubtful_calls_without_a_verdict_are_left_out_as_every_count_leaves_them_out(
    con: duckdb.DuckDBPyConnection,
) -> None:
    judge(con, {"HOAX": "misuse", "FIRE": "not_misuse"})
    put_in(con, [(UUID(int=9_000 + at), f"f{at % 12}", "DOUBT", True) for at in range(60)])
    found = reckoned(con)["corrected_persistent_callers"]
    assert found["point"] == pytest.approx(12, abs=0.5)
    assert "doubtful ones of frequent callers too, none of which has a verdict" in found["method"]
    rates = {row["kind"]: row for row in con.table("code_error_rates").pl().to_dicts() if row["is_frequent"]}
    assert rates["doubtful"]["calls"] == 60
    assert (rates["doubtful"]["misuse_share"], rates["doubtful"]["low"]) == (None, None)
    assert {row["calls"] for row in con.table("caller_chances").pl().to_dicts()} == {20}, "they are calls all the same"


def test_a_share_of_no_misuse_at_all_is_nought_and_no_fault() -> None:
    """Where nothing coded again was misuse, a draw can have so little of it that its square is nought."""
    tallies = [coding.Tally("a", "m", 0, 70, 0, 0), coding.Tally("b", "o", 0, 70, 0, 0)]
    rates = coding.verdict_rates(tallies)
    rates = coding.Rates(rates.strata, rates.first * 1e-4, rates.second, rates.method)
    counts = np.array([[12, 1], [30, 0], [0, 14]])
    found = corrected(counts, rates, np.array([42, 15]), 10, seed=1).share_of_misuse
    assert 0.0 <= found.low <= found.point <= min(found.high, 1.0)
