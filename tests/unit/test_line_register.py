"""The register of shared lines, and what people checked where a safeguard is blind."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from misuse import casebook, line_register, rules, safeguards
from misuse.errors import InputError, Refused, UsageError
from misuse.settings import Settings, from_document
from tests import published_fixture
from tests.logs import settings_for

NOW = datetime(2026, 1, 5, 9, 30)
NUMBER, SAME_NUMBER, OTHER = "020 7946 0001", "+442079460001", "01632 960002"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings(home=tmp_path / "home")
    with casebook.opened(found) as book:
        for name, role in (("ada", "administrator"), ("ann", "analyst"), ("bea", "reviewer")):
            book.set_user(name, role, actor="ada", occurred_at=NOW)
    return found


def load(settings: Settings, path: Path, text: str, actor: str = "ann") -> line_register.Registered:
    path.write_text(text, encoding="utf-8")
    return line_register.load(settings, path, reason="the council's list", actor=actor, now=NOW)


def add(settings: Settings, number: str, kind: str, actor: str = "ann") -> line_register.Registered:
    return line_register.register(settings, number, kind, reason="a letter", actor=actor, now=NOW)


def test_a_number_is_in_however_it_is_written_and_only_its_token_is_kept(settings: Settings) -> None:
    assert add(settings, NUMBER, "Care home") == line_register.Registered(1, 0)
    assert add(settings, SAME_NUMBER, "care_home") == line_register.Registered(0, 1)
    (row,) = line_register.listed(settings)
    assert (row["kind"], row["calls"], row["actor_role"]) == ("care_home", 0, "analyst")
    with casebook.opened(settings) as book:
        assert "79460001" not in str(book.events())
    assert line_register.remove(settings, SAME_NUMBER, reason="closed", actor="ann", now=NOW) == 1
    assert line_register.listed(settings) == []
    with pytest.raises(InputError, match="not in the register"):
        line_register.remove(settings, NUMBER, reason="closed", actor="ann", now=NOW)


def test_kinds_are_those_of_the_rules_that_make_a_line_shared(settings: Settings) -> None:
    assert set(line_register.kinds()) == {rule.id for rule in rules.load().hard_stops if rule.makes_shared_line}
    with pytest.raises(UsageError, match="no kind"):
        add(settings, NUMBER, "nuisance")
    with pytest.raises(UsageError, match="no usable telephone number"):
        add(settings, "12", "hostel")


def test_who_may_not_is_refused_before_the_number_is_looked_at(settings: Settings) -> None:
    for number in (NUMBER, "12"):
        with pytest.raises(Refused):
            add(settings, number, "hostel", actor="ada")


def test_a_file_goes_in_whole(settings: Settings, tmp_path: Path) -> None:
    text = f"\ufeffname;Kind;NUMBER\nSt Anybody's;hostel;{NUMBER}\n;;\nThe Inn;refuge;{OTHER}\n;hostel;{SAME_NUMBER}\n"
    assert load(settings, tmp_path / "lines.csv", text) == line_register.Registered(2, 0)
    assert load(settings, tmp_path / "lines.csv", text) == line_register.Registered(0, 2)
    assert [row["kind"] for row in line_register.listed(settings)] == ["hostel", "refuge"]
    with casebook.opened(settings) as book:
        assert len(book.entries("shared_line_registered")) == 1
        assert "Anybody" not in str(book.events())


def test_a_line_changes_its_kind(settings: Settings) -> None:
    add(settings, NUMBER, "hostel")
    assert add(settings, NUMBER, "refuge") == line_register.Registered(1, 0)
    assert [row["kind"] for row in line_register.listed(settings)] == ["refuge"]


def test_bad_rows_are_named_by_line_and_nothing_goes_in(settings: Settings, tmp_path: Path) -> None:
    text = f'number,kind,name\n{NUMBER},hostel,"two\nlines"\nSECRET,hostel,x\n{OTHER},SECRET,x\n{SAME_NUMBER},refuge,x\n\n,,x\n'
    with pytest.raises(InputError) as refused:
        load(settings, tmp_path / "lines.csv", text)
    told = refused.value.message
    assert "line 4: no usable number; line 5: no known kind; line 6: the number of line 2 with another kind" in told
    assert "line 8: no usable number; line 8: no known kind" in told
    assert "SECRET" not in str(refused.value)
    assert "7946" not in str(refused.value)
    assert line_register.listed(settings) == []


def test_many_bad_rows_are_counted(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="and 20 more"):
        load(settings, tmp_path / "lines.csv", "number,kind\n" + "x,hostel\n" * 30)


@pytest.mark.parametrize("text", ["", "telephone,kind\n1,hostel\n", "\n"])
def test_a_file_without_its_columns_is_refused(settings: Settings, tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="columns number and kind"):
        load(settings, tmp_path / "lines.csv", text)


def test_a_file_that_is_no_text_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_bytes(b"number,kind\n\xff\xfe\n")
    with pytest.raises(InputError, match="UTF-8"):
        line_register.load(settings, tmp_path / "lines.csv", reason="r", actor="ann", now=NOW)
    with pytest.raises(InputError, match="no file"):
        line_register.load(settings, tmp_path / "none.csv", reason="r", actor="ann", now=NOW)


# Safeguards


def test_safeguards_that_a_log_leaves_blind_are_told_and_a_check_counts_until_its_day(tmp_path: Path) -> None:
    document = {"sources": {"bare": {"format": "csv", "columns": {"call_id": "ref", "received_at": "received"}}}}
    settings = from_document(document, home=tmp_path)
    with casebook.opened(settings) as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=NOW)
    rows = {row["rule_id"]: row for row in safeguards.listed(settings, NOW.date())}
    assert set(rows) == {rule.id for rule in rules.load().hard_stops}
    assert rows["domestic_abuse"]["blind_in"] == ["bare"]
    assert not rows["domestic_abuse"]["is_covered"]
    until = date(2026, 3, 31)
    safeguards.record(settings, "domestic_abuse", until, reason="asked the unit", actor="ada", now=NOW)

    def covered(day: date) -> bool:
        return {row["rule_id"]: row["is_covered"] for row in safeguards.listed(settings, day)}["domestic_abuse"]

    assert covered(until)
    assert not covered(date(2026, 4, 1))
    with pytest.raises(UsageError, match="no safeguard"):
        safeguards.record(settings, "nothing", until, reason="r", actor="ada", now=NOW)


def test_stops_that_may_be_lifted_are_rules_that_stop() -> None:
    assert "domestic_abuse" in safeguards.stops()
    assert set(safeguards.stops()) <= {rule.id for rule in rules.load().hard_stops if rule.is_stop}


def test_a_source_that_is_declared_no_more_leaves_nothing_told_and_that_is_said(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    batches = pl.DataFrame({"batch_id": ["b1", "b2"], "source": ["calls", "old"], "is_withdrawn": [False, True]})
    copy = published_fixture.create(settings.published_path / "some.duckdb", {"batches": batches})
    settings.current_path.symlink_to(copy.name)
    assert safeguards.undeclared(settings) == []
    seen = [row["rule_id"] for row in safeguards.listed(settings, NOW.date()) if not row["is_blind"]]
    assert "domestic_abuse" not in seen
    assert seen, "its remarks are heard"
    bare = dataclasses.replace(settings, sources={"new": settings.sources["calls"]})
    assert safeguards.undeclared(bare) == ["calls"]
    assert all(row["is_blind"] and row["blind_in"] == ["calls"] for row in safeguards.listed(bare, NOW.date()))
    assert safeguards.unmarked(bare, rules.load(), ["calls"], seen[0])
