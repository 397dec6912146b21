"""Logs turned into the oracle's rows: plain Python, sharing nothing with the code under test but the declared lists."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.dangers import Patterns
from tests.oracle import Rules

RULES = Path(__file__).resolve().parents[1] / "src" / "misuse" / "rules"
LONDON = ZoneInfo("Europe/London")


def folded(code: str) -> str:
    return " ".join(code.split()).upper()


def spaced(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().upper()


def usable_number(text: str) -> tuple[str, str]:
    """(usable number, bad number): one of them is empty. A British number has nine or ten digits after its 0 or 44."""
    digits = re.sub(r"\D", "", text)
    if text.strip().lower() in {"", "anon", "anonymous", "withheld", "unknown"}:
        return "", ""
    if (len(set(digits)) == 1 and len(digits) >= 5) or digits in {"01234567890", "1234567890"}:
        return "", digits
    national = re.sub(r"^(0044|44|0)", "", digits)
    if re.search(r"[a-zA-Z]", text) or not re.fullmatch(r"[1-9]\d{8,9}", national):
        return "", re.sub(r"\s", "", text).upper()
    if re.fullmatch(r"\d{0,3}?(\d)\1{6,}|[127]?0?(12345678(90?)?|98765432(10?)?)", national):
        return "", re.sub(r"\s", "", text).upper()
    return national, ""


def safeguards() -> dict[str, frozenset[str]]:
    """Marker words and codewords of the reviewed rules by what they do."""
    rules = tomllib.loads((RULES / "hard_stops.toml").read_text(encoding="utf-8"))["rule"]
    words = lambda keep: frozenset(w for r in rules if keep(r) for w in r.get("markers", []))  # noqa: E731
    return {
        "call_stops": words(lambda r: r.get("is_stop", True) and r["scope"] == "call"),
        "caller_stops": words(lambda r: r.get("is_stop", True) and r["scope"] == "caller"),
        "shared": words(lambda r: r.get("makes_shared_line", False)),
        "markers": words(lambda r: True),
    }


def codewords() -> dict[str, tuple[str, ...]]:
    rules = tomllib.loads((RULES / "hard_stops.toml").read_text(encoding="utf-8"))["rule"]
    of = lambda scope: tuple(p for r in rules if r["scope"] == scope for p in r.get("codewords", []))  # noqa: E731
    return {"codewords": of("call"), "caller_codewords": of("caller")}


def unknown_closing() -> dict[str, Any]:
    """Closing codes that say they are not known, and whether a blank one is such."""
    doubts = tomllib.loads((RULES / "doubts.toml").read_text(encoding="utf-8"))["doubt"]
    (rule,) = (doubt for doubt in doubts if doubt["kind"] == "unknown")
    return {"unknown": frozenset(spaced(code) for code in rule["codes"]), "doubts_absent": rule["absent"]}


def patterns(misuse: Iterable[str]) -> Patterns:
    """What the reviewed rules find by themselves, on a source whose misuse codes are these."""
    document = tomllib.loads((RULES / "hard_stops.toml").read_text(encoding="utf-8"))
    reviewed = tomllib.loads((RULES / "misuse_codes.toml").read_text(encoding="utf-8"))["code"]
    lists = {entry["id"]: tuple(plain(word) for word in entry["words"]) for entry in document["list"]}
    found = [rule for rule in document["rule"] if rule.get("pattern")]
    listed = [*misuse, *(code for group in reviewed for code in group["codes"])]
    return Patterns(
        silent=lists["silent_or_abandoned"],
        handset=lists["handset"],
        duplicate=lists["duplicate"],
        nowhere=frozenset(word.replace(" ", "") for word in lists["nowhere"]),
        listed=frozenset(map(plain, listed)),
        words=tuple(word for rule in found for word in rule.get("words", [])),
        marks=frozenset(w for rule in found if rule["pattern"] == "ties" for w in rule["markers"]),
        markers=safeguards()["markers"],
        limits={name: value for rule in found for name, value in rule["limits"].items()},
    )


def plain(word: str) -> str:
    return " ".join(re.findall("[A-Z0-9]+", word.upper()))


def synthetic_rules() -> Rules:
    layout = tomllib.loads((RULES / "synthetic_source.toml").read_text(encoding="utf-8"))["sources"]["synthetic"]
    return Rules(
        closing=frozenset(layout["misuse"]["closing_code"]),
        opening=frozenset(layout["misuse"]["opening_code"]),
        doubtful_results=frozenset(layout["doubt"]["result_code"]),
        patterns=patterns([*layout["misuse"]["closing_code"], *layout["misuse"]["opening_code"]]),
        **codewords(),
        **unknown_closing(),
        **safeguards(),
    )


def synthetic_rows(folder: Path) -> Iterator[dict[str, str]]:
    """The synthetic log as the oracle reads it."""
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                number, bad = usable_number(row["cli"])
                talk, wrap = row["talk_seconds"], row["wrap_seconds"]
                yield {
                    "call_id": f"{row['call_date']}|{row['call_number']}",
                    "received_at": datetime.fromisoformat(row["received_at"])
                    .astimezone(UTC)
                    .replace(tzinfo=None)
                    .isoformat(),
                    "channel": folded(row["channel"]) or "999",
                    "number": number,
                    "bad_number": bad,
                    "opening_code": folded(row["opening_code"]),
                    "closing_code": folded(row["closing_code"]),
                    "qualifiers": "",
                    "result_code": folded(row["result_code"]),
                    "markers": row["markers"],
                    "remarks": row["remarks"],
                    "handling_seconds": str(int(talk or 0) + int(wrap or 0)) if talk or wrap else "",
                    "unit_seconds": row["unit_seconds"],
                    "subscriber_name": row["subscriber_name"],
                    "subscriber_postcode": row["subscriber_postcode"],
                    "person_name": row["person_name"],
                    "birth_date": row["birth_date"],
                    "subscriber_address": row["subscriber_address"],
                    "incident_location": row["incident_location"],
                }


def plain_rules() -> Rules:
    """The lists of tests.logs.SOURCE."""
    return Rules(
        closing=frozenset({"HOAX", "NUISANCE"}),
        doubtful_results=frozenset({"CRIME RECORDED"}),
        patterns=patterns(["HOAX", "NUISANCE"]),
        **codewords(),
        **unknown_closing(),
        **safeguards(),
    )


def plain_rows(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Rows of tests.logs as the oracle reads them: the latest version of each call, local times to UTC."""
    latest: dict[str, dict[str, str]] = {}
    for row in rows:
        held = latest.get(row["ref"])
        if held is None or int(row["version"]) > int(held["version"]):
            latest[row["ref"]] = row

    def utc(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC).replace(tzinfo=None)

    for row in latest.values():
        number, bad = usable_number(row["cli"])
        spoken = bool(row["answered"] and row["ended"])
        yield {
            "call_id": row["ref"],
            "received_at": utc(row["received"]).isoformat(),
            "number": number,
            "bad_number": bad,
            "closing_code": folded(row["code"]),
            "result_code": folded(row["result"]),
            "markers": row["markers"],
            "remarks": row["remarks"],
            "subscriber_name": row["name"],
            "subscriber_address": row["address"],
            "handling_seconds": str(int((utc(row["ended"]) - utc(row["answered"])).total_seconds())) if spoken else "",
        }
