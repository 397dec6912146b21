"""The set-wise rules against libphonenumber alone, on large and nasty samples; what is a number, and of what kind."""

from __future__ import annotations

import dataclasses
import random
import re
import sys
import time
import unicodedata
from collections.abc import Iterator

import duckdb
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberType, ValidationResult

from misuse import intake, models, numbers, quality, synth, warehouse
from misuse.errors import MisuseError
from misuse.progress import Silent
from misuse.settings import SQL_ROOT
from misuse.sources.shapes import ABSENT_WORDS
from tests.logs import COLUMNS, NOW, settings_for, write_csv

# ── libphonenumber alone ───────────────────────────────────────────────────────────────────────

_TYPES = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.TOLL_FREE: "freephone",
    PhoneNumberType.VOIP: "voip",
}
_PLACEHOLDERS = {"1234567890", "0123456789", "01234567890", "123456789", "12345678901", "9876543210"}


_UP, _DOWN = "1234567890", "9876543210"
# Keyed in after 0, 01, 02, 07 or the like, from a keypad's end to its other or nearly.
_RUNS = {
    front + nought + run[:count] for front in ("", "1", "2", "7") for nought in ("", "0") for run in (_UP, _DOWN)
    for count in (8, 9, 10)
}  # fmt: skip


def keyed_in(national: str) -> bool:
    """Whether nobody dialled this: one digit is all but the first three, seven of them at least, or it is a run."""
    return national in _RUNS or any(len(national) - kept >= 7 and len(set(national[kept:])) == 1 for kept in range(4))


def library_alone(text: str, region: str) -> tuple[str | None, str]:
    """(E.164 or None, kind) by libphonenumber, number by number, beside the rules that are ours: placeholders, marks
    that nobody sees, and numbers of a line's length outside every allocated range, but for a nought that no line has."""
    text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text if unicodedata.category(c) != "Cf")
    digits = "".join(str(unicodedata.digit(c)) for c in text if c.isdecimal())
    if digits in _PLACEHOLDERS or (len(digits) >= 5 and len(set(digits)) == 1):
        return None, "placeholder"
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None, "malformed"
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None, "malformed"
    national = phonenumbers.national_significant_number(number)
    if keyed_in(national):
        return None, "placeholder"
    keypad = re.sub(r"[^\W\d_]", "", text)
    if keypad != text and national not in "".join(str(unicodedata.digit(c)) for c in keypad if c.isdecimal()):
        return None, "malformed"
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    found = phonenumbers.number_type(number)
    if found == PhoneNumberType.UNKNOWN:
        lettered = number.extension is None and re.search(r"\d[^\w]*[^\W\d_]", text)
        has_nought = national[0] == "0" and not _has_leading_noughts(number)
        is_line = _as_long_as_a_line(number) and not (lettered or has_nought)
        return (e164, "unallocated") if is_line else (None, "malformed")
    if number.country_code != phonenumbers.country_code_for_region(region):
        return e164, "international"
    return e164, _TYPES.get(found, "other")


def _as_long_as_a_line(number: phonenumbers.PhoneNumber) -> bool:
    home = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(number.country_code), None)
    if home is None:
        return False
    lengths = [
        n for kind in (home.fixed_line, home.mobile) for n in kind.possible_length or home.general_desc.possible_length
    ]
    return len(phonenumbers.national_significant_number(number)) in lengths


def _has_leading_noughts(number: phonenumbers.PhoneNumber) -> bool:
    home = PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(number.country_code), None)
    return home is not None and "0" in {str(kind.example_number or "-")[0] for kind in (home.fixed_line, home.mobile)}


# ── samples ────────────────────────────────────────────────────────────────────────────────────

# How British numbers begin, and how long they are without the 0. Ofcom's drama ranges come in three digits short.
BEGINNINGS = (
    *(
        (begin, 10)
        for begin in "1 11 121 1204 15396 16973 20 23 24 28 29 3 30 33 37 55 56 70 74 75 76 7624 77 78".split()
    ),
    *(
        (begin, 10)
        for begin in "71 72 73 79 7911 7781 7797 7829 7937 1481 1534 1624 800 808 843 844 845 870 871".split()
    ),
    *((begin, 10) for begin in "872 873 90 91 98 118 2 4 5 50 6 62".split()),
    *((begin, 9) for begin in "1 16977 1204 13873 15242 19467 17684 800 500 845 7".split()),
    *((begin, 7) for begin in "800111 84546 8001 8".split()),
    *((begin, 11) for begin in "7 1 20".split()),
)
DRAMA = "7700900 2079460 1632960 8081570 1134960 1914980 2896496 2920180 3069990 9098790".split()
SHORT_CODES = "999 112 101 105 111 116000 118118 18000 150 123 1471 60000 80000".split()
DIGITS_ELSEWHERE = ("０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९")
INVISIBLE = ("\u202a", "\u202c", "\u200e", "\u200f", "\ufeff", "\u200b")
BEHIND = ("", " ext 12", " x4", "#12", ";ext=7", ",,3", " extension 9", "x", " (home)", "?", ".", "/2", " or none", "A")
OTHER_REGIONS = ("DE", "FR", "IE", "IN", "US", "PL", "IT", "ES", "NG", "JM", "RU", "AU", "GG", "CN")
TYPES = "fixed_line mobile toll_free premium_rate shared_cost personal_number voip pager uan voicemail".split()


def british(chance: random.Random) -> str:
    """National digits of a British number, or nearly one."""
    if chance.random() < 0.15:
        return chance.choice(DRAMA) + f"{chance.randrange(1000):03d}"
    begin, length = chance.choice(BEGINNINGS)
    return begin + "".join(chance.choice("0123456789") for _ in range(length - len(begin)))


def foreign(chance: random.Random, region: str) -> str:
    """National digits after the example of one of the region's kinds of line, some of them drawn anew."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    examples = [getattr(metadata, kind).example_number for kind in TYPES if getattr(metadata, kind) is not None]
    example = chance.choice([text for text in examples if text])
    kept = chance.randrange(len(example) + 1)
    return example[:kept] + "".join(chance.choice("0123456789") for _ in example[kept:])


def ways(digits: str, region: str, chance: random.Random) -> Iterator[str]:
    """The number as switchboards, spreadsheets, foreign systems and tired people write it."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    code, prefix = str(metadata.country_code), metadata.national_prefix or ""
    dialled = prefix + digits
    yield from (dialled, digits, f"+{code}{digits}", f"00{code}{digits}", f"{code}{digits}", f"+{code}{dialled}")
    yield from (f"+{code} ({prefix}) {digits}", f"({dialled[:4]}) {dialled[4:]}", f"({dialled[:3]}){dialled[3:]}")
    yield from (f"{dialled[:5]} {dialled[5:]}", f"{dialled[:3]} {dialled[3:7]} {dialled[7:]}", f"011{code}{digits}")
    yield from (
        f"{dialled[:5]}-{dialled[5:]}",
        f"{dialled[:4]}.{dialled[4:]}",
        f"+ {code} {digits}",
        f"++{code}{digits}",
    )
    yield from (f"00 {code} ({prefix}){digits}", f"tel:+{code}{digits}", f"'{dialled}", f"{dialled}\t", f" {dialled}")
    yield from (f"0{dialled}", f"{prefix}{dialled}", dialled[:-1], dialled + "0", f"+{digits}", f"141{dialled}")
    yield f"18002{dialled}"
    yield dialled[:5] + chance.choice(INVISIBLE) + dialled[5:]
    yield chance.choice(INVISIBLE) + f"+{code}{digits}" + chance.choice(INVISIBLE)
    yield dialled.translate(str.maketrans("0123456789", chance.choice(DIGITS_ELSEWHERE)))
    yield f"＋{code}{digits}"
    yield dialled + chance.choice(BEHIND)
    place = chance.randrange(len(dialled))
    yield dialled[:place] + chance.choice(" -.()x+a#/*~\u00a0\t\nOol,") + dialled[place:]
    yield dialled[:place] + chance.choice("OolISB") + dialled[place + 1 :]
    yield dialled[: place + 1] + dialled[place:]


def hopeless(chance: random.Random) -> Iterator[str]:
    """What else stands in a number's column."""
    yield from SHORT_CODES
    yield from (digit * count for digit in "0123456789" for count in range(1, 16))
    yield from _PLACEHOLDERS
    for national in (
        *_RUNS,
        *(front + digit * (10 - len(front)) for front in ("", "7", "20", "770") for digit in "012789"),
    ):
        yield from (
            national,
            f"0{national}",
            f"+44{national}",
            f"+44 (0) {national}",
            f"0044{national}",
            f"+1{national}",
        )
    yield from ("+", "+44", "0044", "()", "-", "n.k", "999999x", "1-800-FLOWERS", "UNIT 12 ATTENDED", "00000 00000")
    for _ in range(400):
        yield "".join(chance.choice("0123456789+-() .xe") for _ in range(chance.randrange(1, 24)))


def nasty(region: str, count: int, seed: int = 2005) -> list[str]:
    """At least `count` distinct strings, the same each time: none of them anybody's on purpose."""
    chance = random.Random(f"{region}{seed}")
    found = set(hopeless(chance))
    while len(found) < count:
        other = chance.choice(OTHER_REGIONS)
        digits = british(chance) if region == "GB" else foreign(chance, region)
        home = list(ways(digits, region, chance))
        abroad = list(ways(foreign(chance, other), other, chance))
        found.update(chance.sample(home, 12) + chance.sample(abroad, 2))
    return sorted(text for text in found if text.strip())


# ── they agree ─────────────────────────────────────────────────────────────────────────────────


def forms(sample: list[str | None], region: str) -> list[tuple[str, str | None, str | None]]:
    """What the SQL makes of each string; the kind is None where it leaves it to the library."""
    con = duckdb.connect()
    con.execute("create table logged_numbers as select unnest($sample) as cli", {"sample": sample})
    rows = models.select(con, "staging/number_forms", dataclasses.asdict(numbers.plan(region))).fetchall()
    con.close()
    assert len(rows) == len(sample)
    return rows


@pytest.mark.parametrize(
    ("region", "count", "least_decided"),
    [
        ("US", 20_000, 0.25),
        ("DE", 5_000, 0.15),
        ("FR", 5_000, 0.25),
        ("IE", 5_000, 0.25),
        ("IN", 5_000, 0.25),
        ("IT", 5_000, 0.15),
        ("RU", 2_000, 0.0),
        ("AU", 2_000, 0.0),
        ("GG", 2_000, 0.0),
        ("CN", 2_000, 0.0),
    ],
)
def test_set_wise_rules_say_what_the_library_says(region: str, count: int, least_decided: float) -> None:
    rows = forms(nasty(region, count), region)
    decided = [row for row in rows if row[2] is not None]
    assert len(decided) >= least_decided * len(rows)
    disagreeing = sum(library_alone(cli, region) != (e164, kind) for cli, e164, kind in decided)
    assert disagreeing == 0


# Every pattern asked of every string, in libphonenumber's order: what number_forms.sql says with fewer.
PLAINLY = r"""
with
stripped as (
    select
        cli,
        regexp_replace(cli, '[ \-().]', '', 'g') as compact,
        case when regexp_full_match(cli, '[[:ascii:]]*') then regexp_replace(cli, '\D', '', 'g') end as typed
    from logged_numbers
),
abroad as (
    select *, case
        when not $is_set_wise or not regexp_full_match(compact, '\+?[0-9]{7,15}') then null
        when starts_with(compact, '+' || $country_code) then substr(compact, length($country_code) + 2)
        when starts_with(compact, $international_prefix || $country_code)
            then substr(compact, length($international_prefix || $country_code) + 1)
        when starts_with(compact, $country_code) and not regexp_full_match(compact, $general)
            then substr(compact, length($country_code) + 1)
    end as after_code
    from stripped
),
national as (
    select *, case
        when after_code is not null and $national_prefix <> '' and starts_with(after_code, $national_prefix)
            then substr(after_code, length($national_prefix) + 1)
        when after_code is not null then after_code
        when not $is_set_wise or not regexp_full_match(compact, '[0-9]{7,15}') then null
        when starts_with(compact, $international_prefix) then null
        when starts_with(compact, $national_prefix) then substr(compact, length($national_prefix) + 1)
        else compact
    end as digits
    from abroad
),
judged as (
    select
        *,
        coalesce(
            regexp_full_match(typed, '0{5,}|1{5,}|2{5,}|3{5,}|4{5,}|5{5,}|6{5,}|7{5,}|8{5,}|9{5,}')
            or list_contains($counting, typed), false
        ) or (
            coalesce(regexp_full_match(digits, $general), false)
            and (regexp_full_match(digits, $filled) or list_contains($runs, digits))
        ) as is_placeholder,
        coalesce(regexp_full_match(digits, $general), false) as is_general,
        list_filter($kinds, lambda kind: regexp_full_match(digits, kind.pattern)) as kinds
    from national
)
select
    cli,
    case when is_general and not is_placeholder then '+' || $country_code || digits end as e164,
    case
        when is_placeholder then 'placeholder'
        when not is_general then null
        when kinds[1].name = 'fixed' and kinds[2].name = 'mobile' then 'fixed_or_mobile'
        else kinds[1].name
    end as number_kind
from judged
"""
KINDS = {
    "premium_rate": "other",
    "toll_free": "freephone",
    "shared_cost": "other",
    "voip": "voip",
    "personal_number": "other",
    "pager": "other",
    "uan": "other",
    "voicemail": "other",
    "fixed_line": "fixed",
    "mobile": "mobile",
}


def forms_plainly(sample: list[str | None], region: str) -> list[tuple[str, str | None, str | None]]:
    metadata, plan = PhoneMetadata.metadata_for_region(region, None), dataclasses.asdict(numbers.plan(region))
    found = {kind: getattr(getattr(metadata, kind), "national_number_pattern", None) for kind in KINDS}
    given = ("country_code", "national_prefix", "international_prefix", "is_set_wise", "general")
    values = {name: plan[name] for name in given} | {
        "counting": sorted(_PLACEHOLDERS),
        "filled": "[0-9]{0,3}(" + "|".join(f"{digit}{{7,}}" for digit in range(10)) + ")",
        "runs": sorted(_RUNS),
        "kinds": [{"name": name, "pattern": found[kind]} for kind, name in KINDS.items() if found[kind]],
    }
    with duckdb.connect() as con:
        con.execute("create table logged_numbers as select unnest($sample::varchar[]) as cli", {"sample": sample})
        return con.execute(PLAINLY, values).fetchall()


@pytest.mark.parametrize("region", ["GB", "US", "DE", "FR", "IN", "IT"])
def test_fewer_patterns_say_what_all_of_them_say(region: str) -> None:
    sample = [*nasty(region, 5_000, seed=7), "", None, "0" * 5_000, "12\0003456789", "0207946\n0123", "07\u0661234567"]
    assert forms(sample, region) == forms_plainly(sample, region)


@given(st.lists(st.one_of(st.text(), st.text("0123456789"), st.text("0123456789+-() .\t\0\u0660\uff10")), min_size=1))
def test_no_text_is_read_otherwise_with_fewer_patterns(sample: list[str]) -> None:
    assert forms(sample, "GB") == forms_plainly(sample, "GB")


@pytest.fixture
def unchecked(monkeypatch):
    """No landing checks, which take longer than all the rest of a small file."""
    monkeypatch.setattr(quality, "check_landing", lambda *args, **options: [])


@pytest.fixture
def taken_in(tmp_path, unchecked):
    """A log of 24,000 nasty strings, one a call, taken in by the door that every log comes through."""
    sample = nasty("GB", 24_000)
    rows = [
        dict.fromkeys(COLUMNS, "") | {"ref": f"A{i}", "received": "2025-06-01 12:00:00", "cli": text, "version": "1"}
        for i, text in enumerate(sample)
    ]
    settings = settings_for(tmp_path / "home")
    path = write_csv(tmp_path / "log.csv", rows)
    (outcome,) = intake.ingest_files(settings, [path], "calls", actor="tester", now=NOW)
    assert not isinstance(outcome, MisuseError), outcome
    assert outcome.accepted == len(sample)
    with warehouse.opened(settings, with_vault=True) as con:
        stored = con.execute(_AS_TAKEN).fetchall()
    return {sample[int(ref[1:])]: held for ref, *held in stored}


_AS_TAKEN = """
select call_details.call_id, call_details.cli, numbers.e164, call_records.number_kind
from vault.call_details as call_details
inner join call_records using (call_key)
left join vault.numbers as numbers using (number_token)
"""


def test_the_way_of_the_log_says_what_the_library_says(taken_in) -> None:
    assert len(taken_in) >= 20_000
    disagreeing = [
        text
        for text, (cli, e164, kind) in taken_in.items()
        if (kind == "absent") != (cli is None)
        or (cli is None and any(mark.isdigit() for mark in text))
        or (cli is not None and (library_alone(text, "GB") != (e164, kind)))
    ]
    assert len(disagreeing) == 0  # counted, not shown
    assert {kind for _, _, kind in taken_in.values()} >= {
        "mobile", "fixed", "voip", "freephone", "other", "international", "unallocated", "malformed", "placeholder",
    }  # fmt: skip


def test_a_normal_log_goes_by_the_rules_and_quickly(tmp_path) -> None:
    """Of a log with the dirt of real files, the library sees less than 3% of the distinct strings."""
    wanted = synth.SyntheticSettings(days=20, calls_per_day=600, dirt=True)
    synth.make(wanted, tmp_path, Silent())
    con = duckdb.connect()
    found = con.execute(
        "select distinct cli from read_csv($logs, all_varchar = true, union_by_name = true, ignore_errors = true) "
        "where cli is not null",
        {"logs": str(tmp_path / "log" / "*.csv")},
    )
    rows = forms([str(cli) for (cli,) in found.fetchall() if cli.lower() not in ABSENT_WORDS], "GB")
    share = sum(kind is None for _, _, kind in rows) / len(rows)
    assert len(rows) > 5_000
    assert share < 0.03


def test_a_million_distinct_numbers_take_seconds(capsys) -> None:
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        "create table logged_numbers as "
        "select case i % 4 when 0 then '+44 71' when 1 then '071' when 2 then '0044 71' else '4471' end "
        "|| lpad((i * 37 % 100000000)::varchar, 8, '0') as cli from range(1000000) as numbered (i)"
    )
    started = time.perf_counter()
    models.build(con, "staging/number_forms", dataclasses.asdict(numbers.plan("GB")))
    set_wise = time.perf_counter() - started
    odd = con.execute("select count(*) from number_forms where number_kind is null").fetchone()
    started = time.perf_counter()
    numbers.parse_many([f"0719460{i:04d}" for i in range(2000)], "GB")
    each = (time.perf_counter() - started) / 2000
    with capsys.disabled():
        sys.stdout.write(f"\n  a million distinct numbers: {set_wise:.1f} s set-wise; alone {each * 1e6:.0f} µs each\n")
    assert odd == (0,)
    assert set_wise < each * 1e6 / 4


# ── kinds, and what is no number ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0000000000", "placeholder"),
        ("1111111", "placeholder"),
        ("01234567890", "placeholder"),
        ("０００００００", "placeholder"),
        ("0000000０00", "placeholder"),
        ("+440000000000", "placeholder"),
        ("+44 00000 000000", "placeholder"),
        ("00440000000000", "placeholder"),
        ("07000000000", "placeholder"),
        ("01111111111", "placeholder"),
        ("02000000000", "placeholder"),
        ("09999999999", "placeholder"),
        ("07111111111", "placeholder"),
        ("07777 777777", "placeholder"),  # may be somebody's; as a caller it is far likelier nobody's
        ("+44 7700 000000", "placeholder"),
        ("07123456789", "placeholder"),
        ("07987 654321", "placeholder"),
        ("020 1234 5678", "placeholder"),
        ("+33 7" + " 00" * 4, "placeholder"),
        ("00000000001", "malformed"),
        ("+44" + "0000000012", "malformed"),
        ("+39 02" + " 1234 5679", "international"),  # Italy's noughts are the number's own
        ("0800 1111", "freephone"),  # Childline
        ("07777" + " 777778", "mobile"),
        ("anonymous", "malformed"),
        ("123", "malformed"),
        ("999", "malformed"),
        ("020 7946 0123 ext 4", "fixed"),
        ("07700 900123", "unallocated"),  # a drama number: nobody is ever given one
        ("07700 9OO123", "malformed"),  # the letter O: which number was meant, nobody can tell
        ("07700 900XXX", "malformed"),  # figures that somebody left out, which a keypad would dial as 999
        ("01632 960 TBC", "malformed"),
        ("020 7946 HELP", "malformed"),  # in a range that is allocated, even so
        ("01632 96012X", "malformed"),
        ("01632 960xxx", "malformed"),
        ("Tel: 07700 900123", "unallocated"),
        ("020 7946 0123 NO", "fixed"),
        ("020 7946 0123", "fixed"),
        ("020\u200e7946\t0123", "fixed"),
        ("0808 157 0123", "freephone"),
        ("0306 999 0123", "other"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert numbers.parse(text, "GB").kind == kind


def test_no_drama_number_is_a_placeholder() -> None:
    """Ofcom's ranges, with which all that is invented here is made."""
    ranges = [f"{begin}{n:03d}" for begin in (*DRAMA, "1154960", "1174960", "1214960", "1314960", "1414960", "1514960",
        "1614960", "2890180") for n in range(1000)]  # fmt: skip
    assert "placeholder" not in {kind for _, _, kind in forms([f"0{number}" for number in ranges], "GB")}
    assert not any(numbers.is_filled_up(number) for number in ranges)


def test_one_line_written_in_many_ways_is_one_number() -> None:
    written = ["07700 900123", "+447700900123", "00447700900123", "(07700) 900-123", "447700900123", "7700900123"]
    written += ["+44 (0)7700 900123", "0044 (0) 7700 900 123", "\u202a+44 7700 900123\u202c", "٠٧٧٠٠ ٩٠٠١٢٣"]
    assert {numbers.parse(way, "GB").e164 for way in written} == {"+447700900123"}
    fixed = ["020 7946 0123", "+44 (0)20 7946 0123", "442079460123", "0044 (0) 20 7946 0123", "4402079460123"]
    assert {e164 for _, e164, _ in forms(fixed, "GB")} == {"+442079460123"}


def test_a_number_outside_every_allocated_range_stays_usable() -> None:
    parsed = numbers.parse("123-456-7891", "US")
    assert parsed.kind in {"unallocated", "malformed"}
    assert numbers.parse("211 555 0100", "US").kind == "unallocated"


def test_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValueError, match="numbering plan"):
        numbers.plan("ZZ")


# ── no number, and why ─────────────────────────────────────────────────────────────────────────

SOURCE_WITH_STATUS = {
    "format": "csv",
    "columns": {
        "call_id": "ref",
        "received_at": "received",
        "cli": "cli",
        "cli_status": "status",
        "channel": "channel",
        "closing_code": "code",
    },
    "misuse": {"closing_code": ["HOAX"]},
}


def test_a_call_without_a_number_keeps_its_reason_by_channel(tmp_path, unchecked) -> None:
    """No number on 999 is a fault, roaming or VoIP; on 101 it may be withheld. A number that came counts, whatever the
    status beside it: the right to withhold does not reach emergency calls (PECR 2003, regulation 16)."""
    given = [
        ("999", "", "UNAVAILABLE ROAMING"),
        ("999", "WITHHELD", ""),
        ("101", "", "WITHHELD"),
        ("101", "number withheld", ""),
        ("999", "", ""),
        ("999", "07700 900123", "WITHHELD"),
        ("999", "07700 900124", "PRESENTED"),
        ("999", "0000000000", "PRESENTED"),
    ]
    names = ("ref", "received", "cli", "status", "channel", "code")
    rows = [
        dict(zip(names, (f"A{i}", f"2025-06-01 12:00:{i:02d}", cli, status, channel, "HOAX"), strict=True))
        for i, (channel, cli, status) in enumerate(given)
    ]
    settings = settings_for(tmp_path / "home", sources={"calls": SOURCE_WITH_STATUS})
    (outcome,) = intake.ingest_files(
        settings, [write_csv(tmp_path / "log.csv", rows, names)], "calls", actor="tester", now=NOW
    )
    assert not isinstance(outcome, MisuseError), outcome
    with warehouse.opened(settings) as con:
        kept = con.execute(
            "select channel, number_kind, cli_status, number_token is not null from call_records order by received_at"
        ).fetchall()
    assert kept == [
        ("999", "absent", "UNAVAILABLE ROAMING", False),
        ("999", "absent", "UNAVAILABLE (WITHHELD)", False),
        ("101", "absent", "WITHHELD", False),
        ("101", "absent", "UNAVAILABLE (NUMBER WITHHELD)", False),
        ("999", "absent", None, False),
        ("999", "unallocated", "WITHHELD", True),
        ("999", "unallocated", "PRESENTED", True),
        ("999", "placeholder", "PRESENTED", False),
    ]
    published = models.text("detection/calls")  # as they are
    assert {"live_calls.channel,", "live_calls.number_kind,", "live_calls.cli_status,"} <= set(published.split())


@pytest.mark.parametrize(
    ("region", "code", "is_code"),
    [
        ("GB", "HOAX CALL", True),
        ("GB", "E05000026", True),
        ("GB", "GRADE 1 2025-11", True),
        ("GB", "RANG FROM 07700 900123", False),
        ("GB", "07700\u2013900\u2013123", False),
        ("GB", "07700_900_123", False),
        ("GB", "07700:900:124", False),
        ("GB", "somebody@example.com", False),
        ("GB", "MET @ SCENE", True),
        ("GB", "\uff10\uff17\uff17\uff10\uff10\uff19\uff10\uff10\uff11\uff12\uff13", False),
        ("GB", "\u0660\u0667\u0667\u0660\u0660 \u0669\u0660\u0660\u0661\u0662\u0663", False),
        ("GB", "WARD 4061 2345", True),  # eight digits are nobody's number here
        ("NO", "TLF 40612345", False),
        ("NO", "RINGTE FRA 406 12 345", False),
        ("NO", "E05000026", True),
        ("GB", "X" * 101, False),
    ],
)
def test_a_code_with_a_number_in_it_is_no_code(region: str, code: str, is_code: bool) -> None:
    with duckdb.connect() as con:
        con.execute((SQL_ROOT / "schema" / "code_only.sql").read_text(encoding="utf-8"))
        values = {"code": code, "pattern": numbers.plan(region).in_code}
        (found,) = con.execute("select code_only($code, $pattern)", values).fetchone() or ("",)
    assert found == (code if is_code else "(NOT A CODE)")
