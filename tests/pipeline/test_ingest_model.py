"""Ingest against a brute-force model: files in, out, in again by another layout, and crashes anywhere between."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from misuse import ingest, models, quality, warehouse
from tests.logs import NOW, settings_for, write_csv

COLUMNS = ("ref", "received", "cli", "code", "markers", "remarks", "version")
SOURCE = {
    "format": "csv",
    "columns": {
        "call_id": "ref",
        "received_at": "received",
        "cli": "cli",
        "closing_code": "code",
        "markers": "markers",
        "remarks": "remarks",
        "version": "version",
    },
    "times": {"zone": "UTC"},
    "version": {"kind": "integer"},
    "misuse": {"closing_code": ["HOAX"]},
}
UNMARKED = {"columns": {field: column for field, column in SOURCE["columns"].items() if field != "markers"}}
LAYOUTS = (SOURCE, SOURCE | {"codes": {"closing_code": {"HX": "HOAX"}}}, SOURCE | UNMARKED)
STEPS = 8
CRASHES = ("ingest/vault_write", "ingest/warehouse_write", "ingest/withdraw", "ingest/rerank", "ingest/sweep")
HELD = """
select
    held.is_current, held.batch_id, held.row_number, held.call_key::varchar, held.content_digest::varchar,
    held.version_rank, details.batch_id, details.call_id, held.received_at::varchar, details.cli, held.closing_code,
    details.markers, details.remarks
from (
    select true as is_current, * from call_records
    union all
    select false as is_current, * from superseded_call_records
) as held
left join vault.call_details as details
    on held.call_key = details.call_key and held.content_digest = details.content_digest
"""


class Crash(Exception):
    """The process ends here."""


class Model:
    """Which files are in by which layout; everything else follows from that."""

    def __init__(self, seed, folder):
        self.chance = random.Random(seed)
        pool = [self._row(call) for call in range(5) for _ in range(self.chance.randint(1, 4))]
        self.files = {}
        for number in range(5):
            rows = [self.chance.choice(pool) for _ in range(self.chance.randint(1, 9))]
            rows += [dict.fromkeys(COLUMNS, "")] * self.chance.randint(0, 1) + [self._row(f"own{number}")]
            self.chance.shuffle(rows)
            self.files[write_csv(folder / f"{number}.csv", rows, COLUMNS)] = rows
        self.live = {}
        self.came = {}

    def _row(self, call):
        received = datetime(2025, 6, 1, 12) + timedelta(minutes=self.chance.randrange(600))
        return {
            "ref": f"c{call}",
            "received": received.isoformat(sep=" "),
            "cli": f"0770090000{self.chance.randrange(5)}",
            "code": self.chance.choice(["HX", "HOAX", "OTHER"]),
            "markers": self.chance.choice(["", "CHILD"]),
            "remarks": self.chance.choice(["", "said so"]),
            "version": self.chance.choice(["1", "1", "2", "3", ""]),
        }

    def content(self, row, layout):
        """A row as it is read: what makes two rows the same."""
        code = "HOAX" if layout == 1 and row["code"] == "HX" else row["code"]
        markers = row["markers"] if layout < 2 else ""
        return (row["ref"], row["received"], row["cli"], code, markers or None, row["remarks"] or None)

    def sightings(self):
        """Every good row of every live file: its place, its content and version."""
        return {
            (batch_id, number): (self.content(row, layout), row["version"])
            for batch_id, (path, layout) in self.live.items()
            for number, row in enumerate(self.files[path], 1)
            if row["ref"]
        }

    def places(self):
        """Of every content and version, how late the layout came last that reads it so in a live file."""
        latest = {}
        for batch_id, (_, layout) in self.live.items():
            latest[layout] = max(latest.get(layout, 0), self.came[batch_id])
        found = {}
        for (batch_id, _), (content, version) in self.sightings().items():
            key, place = (content, int(version or 0)), latest[self.live[batch_id][1]]
            found[key] = max(found.get(key, 0), place)
        return found

    def rejected(self):
        return {batch_id: sum(not row["ref"] for row in self.files[path]) for batch_id, (path, _) in self.live.items()}


def live_in_ledger(con, model, settings):
    """The ledger's live batches as the model writes them."""
    names = {path.name: path for path in model.files}
    layouts = [ingest.sources.load_layout(each, "calls").digest for each in settings]
    found = con.execute("select batch_id, file_name, layout_digest from batch_ledger where withdrawn_at is null")
    return {batch_id: (names[name], layouts.index(digest)) for batch_id, name, digest in found.fetchall()}


def agrees(con, model):
    """Assert that the stores hold what the live files hold, each version once, the best one current."""
    sightings, places = model.sightings(), model.places()
    held = con.execute(HELD).fetchall()
    by_content = {}
    calls = {}
    for is_current, batch_id, number, call_key, digest, rank, vault_batch, *content in held:
        assert vault_batch == batch_id
        assert sightings[batch_id, number][0] == tuple(content)
        assert int(rank or 0) == int(sightings[batch_id, number][1] or 0)
        by_content[tuple(content), int(rank or 0)] = batch_id
        place = places[tuple(content), int(rank or 0)]
        calls.setdefault(call_key, []).append((rank is not None, int(rank or 0), place, digest, is_current))
    assert len(by_content) == len(held)
    assert set(by_content) == {(content, int(version or 0)) for content, version in sightings.values()}
    for versions in calls.values():
        assert [is_current for *_, is_current in sorted(versions)] == [False] * (len(versions) - 1) + [True]
    duplicates = con.execute("select batch_id, row_number from duplicate_sightings").fetchall()
    assert Counter(duplicates) + Counter((row[1], row[2]) for row in held) == Counter(sightings.keys())
    assert con.execute("select count(*) from vault.call_details").fetchone() == (len(held),)
    numbers = con.execute("select e164 from vault.numbers order by e164").fetchall()
    assert numbers == sorted({("+44" + content[2][1:],) for content, _ in sightings.values()})
    rejected = con.execute("select batch_id, count(*) from vault.rejected_rows group by batch_id").fetchall()
    assert dict(rejected) == {batch_id: rows for batch_id, rows in model.rejected().items() if rows}
    assert all(not value for _, value in models.select(con, "checks/assert_ledger_adds_up", {}).fetchall())


def step(con, model, settings):
    """One file in or one batch out; returns the live batches as they must be after it, and does it when called."""
    chance = model.chance
    if model.live and chance.random() < 0.4:
        batch_id = chance.choice(sorted(model.live))
        after = {key: value for key, value in model.live.items() if key != batch_id}
        return after, lambda: ingest.withdraw(con, batch_id, reason="a test", actor="tester", now=NOW)
    path, layout = chance.choice(list(model.files)), chance.randrange(len(LAYOUTS))
    after = {key: value for key, value in model.live.items() if value[0] != path}
    stem = next((key for key, value in model.live.items() if value == (path, layout)), "new")
    return after | {stem: (path, layout)}, lambda: ingest.ingest_file(
        con, settings[layout], path, "calls", actor="tester", now=NOW
    )


def crashing(chance, real):
    """A stand-in for models.script that dies before or after one script, or never."""
    where, is_after = chance.choice([*CRASHES, "", "", "", ""]), chance.random() < 0.5

    def script(con, name, available):
        if name == where and not is_after:
            raise Crash
        real(con, name, available)
        if name == where:
            raise Crash

    return script


@pytest.mark.parametrize("seed", range(25))
def test_the_stores_are_a_function_of_the_files_that_are_in(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(quality, "check_landing", lambda *args, **options: [])
    model = Model(seed, tmp_path)
    first = settings_for(tmp_path / "home")
    settings = [dataclasses.replace(first, sources={"calls": layout}) for layout in LAYOUTS]
    real = models.script
    with warehouse.opened(first, with_vault=True) as con:
        ingest.load_rules(con, first)
        for _ in range(STEPS):
            after, act = step(con, model, settings)
            monkeypatch.setattr(models, "script", crashing(model.chance, real))
            try:
                outcome = act()
                assert outcome is None or outcome.reconciles()
                crashed = False
            except Crash:
                crashed = True
            monkeypatch.setattr(models, "script", real)
            live = live_in_ledger(con, model, settings)
            assert sorted(live.values()) == sorted(after.values()) or (crashed and live == model.live)
            model.live = live
            for batch_id in live:
                model.came.setdefault(batch_id, len(model.came) + 1)
            if not crashed or model.chance.random() < 0.3:
                ingest.sweep(con)
                agrees(con, model)
        ingest.sweep(con)
        agrees(con, model)
        assert ingest.sweep(con) == 0
