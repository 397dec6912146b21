"""The dirt of real files, on request: planted, counted, and told apart in truth/dirt.json.

Every kind takes calls of its own, so that what a reader accepts, rejects and supersedes can be
reckoned exactly.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from misuse.synth import codes

# Of a month's rows; at least one a month of each kind.
SHARES: Mapping[str, float] = {
    "duplicate_rows": 0.003,
    "later_versions": 0.005,
    "untidy_codes": 0.004,
    "ragged_rows": 0.0002,
    "wrong_encodings": 0.0002,
    "blank_ids": 0.0002,
    "unreadable_times": 0.0002,
    "future_dates": 0.0001,
}
REJECTED = (
    "ragged_rows", "wrong_encodings", "blank_ids", "unreadable_times", "future_dates", "unterminated_last_lines",
)  # fmt: skip
FIRST_CODE = codes.CODES[codes.INDEX["NON EMERGENCY"]].name
ADDED = ("duplicate_rows", "later_versions", "unterminated_last_lines")
_STAND_IN = "\ue000"  # a private-use letter that becomes a byte no UTF-8 text holds
_BAD_BYTE = b"\x92"  # a curly apostrophe of Windows-1252


@dataclass
class Soil:
    """Dirties one month after another and keeps count."""

    rng: np.random.Generator
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    planted: list[pl.DataFrame] = field(default_factory=list)

    def write(self, frame: pl.DataFrame, path: Path, *, is_last: bool) -> None:
        """Write a month with its dirt."""
        frame = frame.with_row_index("row")
        places = self._places(frame)
        kind = np.full(frame.height, "", dtype=object)
        for name, rows in places.items():
            kind[rows] = name
        frame = _spoilt(frame.with_columns(dirt=pl.Series(kind.tolist(), dtype=pl.String)))
        self._note(frame, path.name)
        ragged = frame.filter(pl.col("dirt") == "ragged_rows").drop("row", "dirt")
        whole = frame.filter(pl.col("dirt") != "ragged_rows").drop("dirt").sort("row", maintain_order=True)
        body = _text(whole.drop("row"), header=True) + _text(ragged[:, :-5], header=False)
        body = body.replace(_STAND_IN.encode(), _BAD_BYTE)
        if is_last:
            body = self._cut(body, frame, path.name)
        path.write_bytes(body)

    def _places(self, frame: pl.DataFrame) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
        """Rows for each kind, none in two; ragged and cut rows hold no quotes or line breaks."""
        quoted = pl.concat_str(["remarks", "incident_location", "subscriber_address"], ignore_nulls=True)
        plain = frame.filter(~quoted.str.contains(r'["\n,]') & pl.col("closing_code").is_not_null())
        rows = self.rng.permutation(plain["row"].to_numpy())
        places, used = {}, 0
        for name, share in SHARES.items():
            # A file is taken for a collision of keys where over one in a hundred of its rows are versions.
            size = min(max(round(share * frame.height), 1), frame.height // 150)
            places[name] = rows[used : used + size].astype(np.int64)
            used += size
        return places

    def _note(self, frame: pl.DataFrame, name: str) -> None:
        touched = frame.filter((pl.col("dirt") != "") & pl.col("dirt").is_not_null())
        # A duplicate or a version adds a row; its kind stands on the row added.
        found = touched.group_by("dirt", maintain_order=True).len()
        self.counts[name] = dict(zip(found["dirt"].to_list(), found["len"].to_list(), strict=True))
        self.planted.append(touched.select(pl.lit(name).alias("file"), "dirt", "call_date", "call_id"))

    def _cut(self, body: bytes, frame: pl.DataFrame, name: str) -> bytes:
        """Add one row broken off in its middle, as a file that is still being written ends."""
        row = _text(
            frame.head(1).drop("row", "dirt", "call_id").with_columns(call_number=pl.lit("99999")), header=False
        )
        self.counts[name]["unterminated_last_lines"] = 1
        return body + row[: len(row) // 3].rstrip(b"\n")

    def report(self, folder: Path, *, rows: int) -> dict[str, Any]:
        """The counts, by file and together, and what a reader should make of `rows` clean calls."""
        totals: dict[str, int] = {}
        for counts in self.counts.values():
            for name, count in counts.items():
                totals[name] = totals.get(name, 0) + count
        rejected = sum(totals.get(name, 0) for name in REJECTED)
        added = sum(totals.get(name, 0) for name in ADDED)
        expected = {
            "rows": rows + added,
            "rejected": rejected,
            "duplicate": totals.get("duplicate_rows", 0),
            "superseded": totals.get("later_versions", 0),
            "accepted": rows + totals.get("unterminated_last_lines", 0) - rejected,
        }
        found = {"files": self.counts, "totals": totals, "expected": expected}
        (folder / "dirt.json").write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        pl.concat(self.planted).write_parquet(folder / "dirt.parquet")
        return found


def _text(frame: pl.DataFrame, *, header: bool) -> bytes:
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=header, line_terminator="\n", quote_style="necessary")
    return buffer.getvalue()


def _is(name: str) -> pl.Expr:
    return pl.col("dirt") == name


def _spoilt(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each kind done to its rows, and the rows that kinds add."""
    blank = pl.lit(None, dtype=pl.String)
    untidy = pl.concat_str([pl.lit(" "), pl.col("closing_code").str.to_titlecase().str.replace(" ", "  ")])
    hour_25 = pl.col("received_at").str.slice(0, 10) + "T25:61:00"
    century = pl.lit("21") + pl.col("received_at").str.slice(2)
    kept = frame.with_columns(
        call_id=pl.concat_str(["call_date", "call_number"], separator="/"),
        call_number=pl.when(_is("blank_ids")).then(blank).otherwise("call_number"),
        received_at=pl.when(_is("unreadable_times")).then(hour_25).when(_is("future_dates")).then(century)
        .otherwise("received_at"),
        closing_code=pl.when(_is("untidy_codes")).then(untidy).otherwise("closing_code"),
        remarks=pl.when(_is("wrong_encodings")).then(pl.lit(f"Caller{_STAND_IN}s line was poor")).otherwise("remarks"),
    )  # fmt: skip
    copies = kept.filter(_is("duplicate_rows"))
    final = kept.filter(_is("later_versions")).with_columns(version=pl.lit("2"))
    # The first version is what was known at the time; the last is the truth.
    first = _is("later_versions")
    kept = kept.with_columns(
        closing_code=pl.when(first).then(pl.lit(FIRST_CODE)).otherwise("closing_code"),
        result_code=pl.when(first).then(blank).otherwise("result_code"),
        dirt=pl.when(first | _is("duplicate_rows")).then(pl.lit("")).otherwise("dirt"),
    )
    return pl.concat([kept, copies, final])
