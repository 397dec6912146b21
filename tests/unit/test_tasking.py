"""The tasking list's order, parts, lanes and sentences, as text tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse import rules, schemas, tasking

AS_OF = date(2025, 12, 31)
OPTIONS = rules.load().options


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text not in ("", "-") else None


def candidate(name: str, **changes: Any) -> dict[str, Any]:
    """A valid candidate with nothing special about it."""
    return {
        "case_ref": f"K-{name.upper()}",
        "caller_id": name,
        "identity_kind": "person",
        "misuse_calls_lifetime": 20,
        "misuse_calls_d365": 12,
        "misuse_calls_d90": 4,
        "misuse_calls_d30": 1,
        "misuse_calls_window": 12,
        "episodes": 9,
        "genuine_calls_window": 0,
        "p_at_least_threshold": None,
        "handling_seconds": 3600,
        "unit_seconds": 0,
        "handling_hours": 1.0,
        "unit_hours": 0.0,
        "boroughs": ["Camden"],
        "flags": [],
        "number_count": 1,
        "support_first": False,
        "is_new": False,
        "status": None,
        "case_lane": None,
        "owner": None,
        "review_date": None,
        "closed_at": None,
        "stopped_calls_window": 0,
        "urgent_stops_unseen": 0,
        "fault_calls": 0,
        "doubtful_calls_window": 0,
        "most_calls_24_hours": 2,
        "first_misuse_at": moment("2025-02-01T10:00"),
        "last_misuse_at": moment("2025-12-20T10:00"),
        "tenth_misuse_at": moment("2025-05-03T10:00"),
        **changes,
    }


TYPES = {
    "status": pl.String,
    "case_lane": pl.String,
    "owner": pl.String,
    "review_date": pl.Date,
    "closed_at": pl.Datetime("us"),
    "p_at_least_threshold": pl.Float64,
    "handling_seconds": pl.Int64,
    "flags": pl.List(pl.String),
}


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides=TYPES, infer_schema_length=None)


def ranked(rows: list[dict[str, Any]] | pl.DataFrame, **changes: Any) -> pl.DataFrame:
    arguments: dict[str, Any] = {
        "capacity": 3,
        "threshold": 10,
        "as_of": AS_OF,
        "cycle_days": 14,
        "has_previous_cycle": True,
        "options": OPTIONS,
        "run_id": "r1",
        **changes,
    }
    return tasking.make_list(rows if isinstance(rows, pl.DataFrame) else frame(rows), **arguments)


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


def drawn(result: pl.DataFrame) -> list[tuple[int, int, str, str]]:
    return [tuple(row) for row in result.select("part", "rank", "caller_id", "status").iter_rows()]  # type: ignore[misc]


# name  calls  new  status        review      ->  part  rank  shown
PARTS = """
a       50     no   -             -               3     1     listed
b       40     yes  -             -               2     2     listed
c       30     no   under_action  2026-01-10      1     3     under_action
d       28     no   under_review  2026-06-01      4     4     under_review
e       25     yes  -             -               2     5     listed
f       20     no   under_review  2025-12-01      1     6     under_review
g       15     no   -             -               4     7     waiting
h       14     no   under_action  -               1     8     under_action
i       12     no   listed        -               4     9     waiting
j       11     yes  under_action  2026-01-14      1     10    under_action
k       10     no   under_review  2026-01-15      4     11    under_review
"""


def from_table(text: str) -> tuple[list[dict[str, Any]], list[tuple[int, int, str, str]]]:
    rows, expected = [], []
    for name, calls, new, status, review, part, rank, shown in table(text):
        rows.append(
            candidate(
                name,
                misuse_calls_window=int(calls),
                is_new=new == "yes",
                status=None if status == "-" else status,
                review_date=None if review == "-" else date.fromisoformat(review),
            )
        )
        expected.append((int(part), int(rank), name, shown))
    return rows, sorted(expected)


def test_parts() -> None:
    rows, expected = from_table(PARTS)
    assert drawn(ranked(rows)) == expected


def test_a_case_under_action_or_review_never_takes_a_new_entrants_place() -> None:
    rows, _ = from_table(PARTS)
    without = [row for row in rows if row["status"] not in ("under_action", "under_review")]
    for result in (ranked(rows), ranked(without)):
        assert result.filter(pl.col("part").is_in([2, 3]))["caller_id"].to_list() == ["b", "e", "a"]


def test_new_entrants_beyond_capacity_wait_and_nobody_is_lost() -> None:
    rows = [candidate(name, is_new=name != "f") for name in "abcdef"]
    result = ranked(rows, capacity=2)
    assert result["part"].to_list() == [2, 2, 4, 4, 4, 4]
    assert result["caller_id"].to_list() == list("abcdef")
    assert "New since the last cycle, but waits" in result["reasons"][4][1]


def test_with_no_previous_cycle_nobody_is_new_and_part_3_fills() -> None:
    rows = [candidate(name, is_new=True) for name in "abcde"]
    result = ranked(rows, has_previous_cycle=False)
    assert result["part"].to_list() == [3, 3, 3, 4, 4]
    assert not result["is_new"].any()


# name  calls  handling  units  tenth               The order is a to f; ranks follow it.
ORDER = """
a       20     -         -      2025-12-01T00:00
b       12     100       51     2025-12-01T00:00
c       12     150       -      2025-06-01T00:00
d       12     -         150    2025-07-01T00:00
e       12     150       0      2025-08-01T00:00
f       12     150       0      2025-08-01T00:00
"""


def test_order_and_ties() -> None:
    rows = [
        candidate(
            name,
            misuse_calls_window=int(calls),
            handling_seconds=None if handling == "-" else int(handling),
            unit_seconds=None if units == "-" else int(units),
            tenth_misuse_at=moment(tenth),
        )
        for name, calls, handling, units, tenth in table(ORDER)
    ]
    assert ranked(rows[::-1], capacity=99)["caller_id"].to_list() == list("abcdef")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.permutations(range(11)), st.lists(st.integers(10, 14), min_size=11, max_size=11), st.integers(0, 12))
def test_any_order_of_candidates_gives_the_same_list(order: list[int], calls: list[int], capacity: int) -> None:
    rows, _ = from_table(PARTS)
    rows = [{**row, "misuse_calls_window": number} for row, number in zip(rows, calls, strict=True)]
    result = ranked(rows, capacity=capacity)
    assert ranked([rows[at] for at in order], capacity=capacity).equals(result)
    assert sorted(result["rank"]) == list(range(1, 12))
    assert result.filter(pl.col("part").is_in([2, 3])).height <= capacity
    assert result.height == 11


def test_the_list_has_the_declared_columns_even_when_empty() -> None:
    full = ranked([candidate("a")])
    empty = ranked(frame([candidate("a")]).clear())
    assert full.columns == empty.columns == list(schemas.TASKING_LIST.column_names)
    assert full.schema == empty.schema
    assert empty.height == 0


def test_candidates_may_lack_what_an_empty_casebook_cannot_say() -> None:
    lean = frame([candidate("a")]).drop(
        "status", "case_lane", "owner", "review_date", "closed_at", "p_at_least_threshold"
    )
    assert drawn(ranked(lean)) == [(3, 1, "a", "listed")]


# name  status        closed_at         last              ->  part  shown     flagged
CLOSED = """
a       closed        2025-10-01T00:00  2025-12-20T10:00      2     closed    yes
b       closed        2025-12-25T00:00  2025-12-20T10:00      4     closed    no
c       closed        -                 2025-12-20T10:00      4     closed    no
d       closed        2025-12-20T10:00  2025-12-20T10:00      4     closed    no
"""


@pytest.mark.parametrize("line", table(CLOSED), ids=lambda line: line[0])
def test_a_closed_case_returns_only_with_misuse_after_closing(line: list[str]) -> None:
    name, status, closed, last, part, shown, flagged = line
    row = candidate(name, status=status, closed_at=moment(closed), last_misuse_at=moment(last))
    (result,) = ranked([row]).to_dicts()
    assert (result["part"], result["status"]) == (int(part), shown)
    assert ("reopened" in result["flags"]) == (flagged == "yes")


def test_no_shared_line_and_nobody_stopped_is_ever_listed() -> None:
    rows = [
        {**candidate("a"), "is_stopped": False},
        {**candidate("b", identity_kind="shared_line", misuse_calls_window=900), "is_stopped": False},
        {**candidate("c", identity_kind="premises", misuse_calls_window=900), "is_stopped": False},
        {**candidate("d", misuse_calls_window=900), "is_stopped": True},
        {**candidate("e", misuse_calls_window=9), "is_stopped": False},
    ]
    assert drawn(ranked(rows)) == [(3, 1, "a", "listed")]


def test_an_open_case_under_the_threshold_is_shown_and_says_so() -> None:
    row = candidate("a", misuse_calls_window=8, status="under_review", review_date=AS_OF, tenth_misuse_at=None)
    (result,) = ranked([row]).to_dicts()
    assert result["part"] == 1
    assert result["reasons"][:2] == [
        "8 misuse calls in the 365 days to 31 December 2025.",
        "Under the line of 10 now; shown because the case is open.",
    ]


def test_an_open_case_with_no_misuse_call_left_in_the_window_is_still_shown() -> None:
    quiet = {"episodes": 0, "flags": ["one_bad_night"], "tenth_misuse_at": None, "last_misuse_at": None}
    row = candidate("a", misuse_calls_window=None, status="under_action", review_date=AS_OF, **quiet)
    (result,) = ranked([row, candidate("b")]).filter(pl.col("caller_id") == "a").to_dicts()
    assert (result["part"], result["rank"], result["misuse_calls_window"]) == (1, 2, 0)
    assert result["reasons"][0] == "0 misuse calls in the 365 days to 31 December 2025."
    assert not any("night" in doubt for doubt in result["doubts"])


# flags          support  unseen  status        decided      ->  lane
LANES = """
-                no       0       -             -                engagement
-                yes      0       -             -                support
-                no       1       -             -                support
handset_fault    no       0       -             -                technical
handset_fault    yes      0       -             -                support
handset_fault    no       2       -             -                support
handset_fault    no       0       under_action  engagement       technical
-                no       0       under_action  enforcement      enforcement
-                yes      0       under_action  enforcement      support
-                no       1       under_action  enforcement      support
-                no       0       closed        enforcement      engagement
"""


@pytest.mark.parametrize("line", table(LANES), ids=lambda line: "-".join(line))
def test_lanes(line: list[str]) -> None:
    flags, support, unseen, status, decided, lane = line
    row = candidate(
        "a",
        flags=[] if flags == "-" else [flags],
        support_first=support == "yes",
        urgent_stops_unseen=int(unseen),
        status=None if status == "-" else status,
        case_lane=None if decided == "-" else decided,
    )
    (result,) = ranked([row]).to_dicts()
    assert result["lane"] == lane
    assert result["options"] == list(rules.load().options_for(AS_OF)[lane])


def test_whoever_is_suppressed_is_kept_off_the_meetings_part_until_the_last_day() -> None:
    until = AS_OF + timedelta(days=3)
    rows = [candidate("a", status="suppressed", review_date=until, is_new=True), candidate("b")]
    first, second = ranked(rows, capacity=1).sort("caller_id").to_dicts()
    assert (first["part"], first["status"]) == (4, "suppressed")
    assert "Kept off the meeting's part" in str(first["reasons"])
    assert second["part"] in (2, 3)
    last_day = ranked(rows, as_of=until, capacity=2).sort("caller_id").to_dicts()[0]
    assert last_day["part"] == 4
    later = ranked(rows, as_of=until + timedelta(days=1), capacity=2).sort("caller_id").to_dicts()[0]
    assert later["part"] in (2, 3)


@pytest.mark.parametrize(("chance", "is_said"), [(0.94, True), (0.95, False), (0.99, False)])
def test_a_chance_under_ninety_five_in_a_hundred_is_said_as_a_doubt(chance: float, is_said: bool) -> None:
    (result,) = ranked([candidate("a", p_at_least_threshold=chance)]).to_dicts()
    told = f"Codes err: by calls coded again the chance that at least ten truly are misuse is {chance:.0%}."
    assert (told in result["doubts"]) is is_said
    assert not any("double-checked" in doubt for doubt in result["doubts"])


@pytest.mark.parametrize("status", ["proposed", "halted"])
def test_a_case_that_waits_for_a_person_takes_no_entrants_place(status: str) -> None:
    rows = [candidate("a", status=status, misuse_calls_window=30), candidate("b", misuse_calls_window=20)]
    first, second = ranked(rows, capacity=1).sort("caller_id").to_dicts()
    assert (first["part"], first["status"]) == (1, status)
    assert second["part"] in (2, 3)


def test_options_follow_the_date_of_law() -> None:
    row = candidate("a", status="under_action", case_lane="enforcement")
    now, then = (ranked([row], as_of=day)["options"][0].to_list() for day in (AS_OF, date(2005, 12, 8)))
    assert any("1998" in title or "Anti-social behaviour order" in title for title in then)
    assert not any("Anti-social behaviour order" in title for title in now)
    assert not any("Online" in title or "false communications" in title for title in then)


def test_a_number_that_behaves_as_a_shared_line_is_said_and_changes_no_place() -> None:
    plain, flagged = candidate("a", misuse_calls_window=30), candidate("b", flags=["may_be_shared_line"])
    first, second = ranked([plain, flagged]).to_dicts()
    assert not any("line of many people" in doubt for doubt in first["doubts"])
    assert "A number behaves as a line of many people: find out first whether it is one." in second["doubts"]
    assert second["lane"] == first["lane"]


def test_an_urgent_stop_that_nobody_looked_at_is_said_first_and_shuts_enforcement() -> None:
    rows = [
        candidate(
            name, misuse_calls_window=30 - unseen, stopped_calls_window=2, doubtful_calls_window=1, urgent_stops_unseen=unseen,
            flags=["urgent_stop_unseen"] if unseen else [],
        )
        for name, unseen in (("a", 0), ("b", 1), ("c", 3))
    ]  # fmt: skip
    quiet, one, three = ranked(rows).to_dicts()
    assert (
        one["doubts"][0] == "1 urgent hard stop on this person's calls that nobody has looked at: look before deciding."
    )
    assert (
        three["doubts"][0]
        == "3 urgent hard stops on this person's calls that nobody has looked at: look before deciding."
    )
    assert [row["enforcement_bars"] for row in (quiet, one, three)] == [[], *[["urgent_stop_unseen"]] * 2]
    assert one["doubts"][-1] == "Enforcement is shut: an urgent hard stop waits for somebody to look at it."
    assert not any("looked at" in doubt for doubt in quiet["doubts"])
    assert "warning letter" not in str(one["options"]).lower()
    assert "warning letter" in str(quiet["options"]).lower()


def test_a_handset_that_may_be_at_fault_is_said_and_checked_first() -> None:
    (result,) = ranked([candidate("a", flags=["handset_fault"], fault_calls=6)]).to_dicts()
    said = "6 calls of the window as a faulty handset or line makes them: have it checked first."
    assert said in result["doubts"]
    assert "handset" in result["options"][0]


def test_reasons_and_doubts_are_whole_sentences() -> None:
    row = candidate(
        "a",
        misuse_calls_window=14,
        genuine_calls_window=9,
        doubtful_calls_window=3,
        stopped_calls_window=1,
        flags=["one_bad_night"],
        most_calls_24_hours=8,
        episodes=2,
        is_new=True,
        handling_seconds=None,
        tenth_misuse_at=moment("2025-05-02T23:30"),
    )
    (result,) = ranked([row]).to_dicts()
    assert result["reasons"] == [
        "14 misuse calls in the 365 days to 31 December 2025; the tenth on 3 May 2025.",
        "New since the last cycle.",
    ]
    assert result["doubts"] == [
        "1 more coded call barred by a hard stop, not counted: look there first.",
        "3 more coded calls doubtful, not counted: the code is unknown, defaulted or contradicted.",
        "Also made 9 genuine calls in the window.",
        "8 of 14 calls came within 24 hours, 2 episodes in all: one bad night is not persistence.",
        "One number is taken as one person; linkage has not been run.",
        "Coding has not been double-checked: ten coded calls may not be ten misuse calls.",
        "No handling time was measured, so the workload is not known.",
    ]


# links  confirmed  changed  blind  calls  ->  bars
BARS = """
0        -          no       0      12         -
2        12         no       0      12         -
2        10         no       0      12         -
2        9          no       0      12         unconfirmed_links
1        4          yes      0      12         unconfirmed_links,changed_identity
1        0          no       0      12         unconfirmed_links
0        -          yes      0      12         changed_identity
0        -          no       2      12         safeguards_blind
1        5          yes      1      12         unconfirmed_links,changed_identity,safeguards_blind
0        -          no       0      7          below_threshold
"""


@pytest.mark.parametrize("line", table(BARS), ids=lambda line: "-".join(line))
def test_enforcement_is_shut_where_anything_bars_it_and_the_list_says_why(line: list[str]) -> None:
    links, confirmed, changed, blind, calls, bars = line
    row = candidate(
        "a",
        status="under_action",
        case_lane="enforcement",
        misuse_calls_window=int(calls),
        unconfirmed_links=int(links),
        misuse_calls_confirmed=None if confirmed == "-" else int(confirmed),
        is_changed=changed == "yes",
    )
    (result,) = ranked([row], blind=["child", "suicidal"][: int(blind)]).to_dicts()
    expected = [] if bars == "-" else bars.split(",")
    assert result["enforcement_bars"] == expected
    assert result["unconfirmed_links"] == int(links)
    assert result["misuse_calls_confirmed"] == int(calls if confirmed == "-" else confirmed)
    assert result["lane"] == ("engagement" if expected else "enforcement")
    assert result["options"] == list(rules.load().options_for(AS_OF)[result["lane"]])
    shut = [doubt for doubt in result["doubts"] if doubt.startswith("Enforcement is shut: ")]
    assert len(shut) == len(expected)
    assert all(doubt.endswith(".") for doubt in shut)


def test_what_shuts_enforcement_is_told_in_plain_sentences() -> None:
    row = candidate(
        "a", number_count=3, misuse_calls_window=14, unconfirmed_links=2, misuse_calls_confirmed=6, is_changed=True
    )
    (result,) = ranked([row], blind=["child", "suicidal"]).to_dicts()
    assert "3 numbers are taken as one person, by 2 links that nobody has confirmed." in result["doubts"]
    assert result["doubts"][-3:] == [
        "Enforcement is shut: 2 links between these numbers are confirmed by nobody, and without them 6 misuse calls stand.",
        "Enforcement is shut: the case was opened on other numbers than are now taken as this person.",
        "Enforcement is shut: 2 safeguards cannot be set off by this log, and nobody has recorded another check.",
    ]


def test_other_thresholds_have_their_own_words() -> None:
    (result,) = ranked([candidate("a", misuse_calls_window=30)], threshold=22).to_dicts()
    assert "; the 22nd on 3 May 2025." in result["reasons"][0]
    assert any("22 coded calls may not be 22 misuse calls" in doubt for doubt in result["doubts"])


@pytest.mark.parametrize(
    ("review", "said"),
    [
        ("2025-12-01", "its review is overdue since 1 December 2025."),
        ("2026-01-10", "its review is due on 10 January 2026."),
        ("2026-03-01", "its review is not due before 1 March 2026."),
    ],
)
def test_a_case_says_when_it_is_looked_at_again(review: str, said: str) -> None:
    row = candidate("a", status="under_action", owner="Camden", review_date=date.fromisoformat(review))
    assert ranked([row])["reasons"][0][1] == f"The case is under action, owned by Camden; {said}"
