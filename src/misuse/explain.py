"""Why a caller is, or is not, on a list: every call, counted or not, and by which rule.

It reads the published relations only, so it knows that a stop applies, never which marker it came from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from misuse import models, store
from misuse.errors import InputError
from misuse.wording import local_day

if TYPE_CHECKING:
    import duckdb

_NAME = re.compile(r"(c[0-9a-f]{1,16}|K-[0-9A-F]{10})")
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

# Each verdict of sql/explain/why_calls.sql in words, in the order in which the sums are shown.
VERDICTS: Mapping[str, str] = {
    "counted": "counted",
    "shared_line": "not counted: shared line, never shown as a person",
    "premises": "not counted: premises, never shown as a person",
    "doubtful": "not counted: doubtful",
    "doubtful_contradicted": "not counted: doubtful, its own facts contradict its misuse code",
    "doubtful_defaulted": "not counted: doubtful, nobody chose its code",
    "doubtful_unknown": "not counted: doubtful, its closing code is not known",
    "stopped_call": "not counted: a hard stop bars the call",
    "stopped_caller": "not counted: a hard stop bars the caller",
    "other_channel": "not counted: came by another channel",
    "outside_window": "not counted: outside the window",
    "not_coded_misuse": "not coded misuse",
}
LOOK_REASONS: Mapping[str, str] = {
    "ten_or_more_coded": "coded misuse reaches the line before anything is taken off",
    "hard_stop": "a hard stop applies",
    "new_hard_stop": "the hard stop is new",
    "linked_stop": "the hard stop comes from another number, an address or a person in common",
    "new_content": "something is new in a call of somebody who calls often",
    "sharp_change": "the pattern of calls has changed sharply",
    "case_on_a_line": "a case is open, and its number turned out to be a line of many people",
}
_KINDS = {"person": "a person", "shared_line": "a shared line, never shown as a person", "premises": "premises"}
_WINDOWS = {"headline": "headline", "since_log_start": "since the log's start"}
_PARTS = {1: "action or review due", 2: "new since the last cycle", 3: "next most prolific", 4: "waiting"}


@dataclass(frozen=True)
class Explanation:
    """One caller in one published run; with `call` set, one call of theirs."""

    run: Mapping[str, Any]
    caller: Mapping[str, Any]
    windows: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    listed: Mapping[str, Any] | None
    looked_at: Mapping[str, Any] | None
    threshold: int
    headline_channel: str
    reporting_zone: str
    call: Mapping[str, Any] | None = None

    @property
    def sums(self) -> dict[str, int]:
        """Calls by verdict, only those that occur."""
        counts = Counter(call["verdict"] for call in self.calls)
        return {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]}

    @property
    def sentence(self) -> str:
        """On the tasking list or not, and why, in a sentence."""
        others = ", ".join(self.caller.get("id_was_of") or ())
        passed = f" Earlier runs gave this id to {others}: what was written of it then is theirs." if others else ""
        if self.listed:
            part = _PARTS[self.listed["part"]]
            return f"On the tasking list: rank {self.listed['rank']}, part {self.listed['part']} ({part}).{passed}"
        return f"Not on the tasking list: {self._why_not()}.{passed}"

    def _why_not(self) -> str:
        kind, counted = self.caller["identity_kind"], self.caller["misuse_calls"] or 0
        if kind != "person":
            return f"{kind.replace('_', ' ')}: never shown as a person"
        if self.caller["is_stopped"]:
            return "a hard stop bars the caller; see the look list"
        line = number_word(self.threshold)
        if counted >= self.threshold:
            return f"{counted} misuse calls reach the line of {line}, and the list of this run does not hold the caller"
        if not counted:
            return f"no misuse call counts in the window; the line is {line}"
        return (
            f"{number_word(self.threshold - counted)} short of {line}: {_calls(counted, 'misuse call')} in the window"
        )

    def as_json(self) -> dict[str, Any]:
        """Everything, for a program. Times are as kept, UTC but for `received_local`."""
        calls = [{**call, "rule": VERDICTS[call["verdict"]]} for call in self.calls]
        return {
            **{key: self.run[key] for key in ("run_id", "as_of")},
            "window": {
                "name": "headline",
                "from": self.run["window_from"],
                "to": self.run["window_to"],
                "channel": self.headline_channel,
                "threshold": self.threshold,
            },
            "caller": dict(self.caller),
            "conclusion": self.sentence,
            "tasking_list": dict(self.listed) if self.listed else None,
            "look_list": dict(self.looked_at) if self.looked_at else None,
            "sums": self.sums,
            "windows": self.windows,
            "call": {**self.call, "rule": VERDICTS[self.call["verdict"]]} if self.call else None,
            "calls": calls if self.call is None else None,
        }

    def render(self) -> str:
        """The same for reading: what was concluded, the sums, and every call coded misuse."""
        lines = [*self._heading(), "", self.sentence, *self._listed_lines(), self._look_line()]
        if self.call:
            return "\n".join([*lines, "", _call_line(self.call)])
        coded = [call for call in self.calls if call["is_coded_misuse"]]
        lines += ["", "Calls, by the rule that decides:", *(f"{n:>7}  {VERDICTS[v]}" for v, n in self.sums.items())]
        lines += [
            f"{len(self.calls):>7}  in all",
            "",
            "Misuse calls, window by window:",
            *map(_window_line, self.windows),
        ]
        if coded:
            lines += ["", "Every call coded misuse:", *map(_call_line, coded)]
        return "\n".join(lines)

    def _heading(self) -> list[str]:
        caller, run = self.caller, self.run
        numbers = f", {_calls(caller['number_count'], 'number')}" if caller["number_count"] else ""
        home = f", most calls in {caller['home_borough']}" if caller["home_borough"] else ""
        kind = _KINDS[caller["identity_kind"]]
        head = f"Caller {caller['caller_id']}, case {caller['case_ref']}: {kind}{numbers}{home}."
        span = f"; window: the {_days(run)} days to then, channel {self.headline_channel}" if run["window_from"] else ""
        return [head, f"Run {run['run_id']}, as of {_day(run['as_of'])}{span}."]

    def _listed_lines(self) -> list[str]:
        if not self.listed:
            return []
        doubts = [f"  It may be wrong: {doubt}" for doubt in self.listed["doubts"] or []]
        return [*(f"  {reason}" for reason in self.listed["reasons"] or []), *doubts]

    def _look_line(self) -> str:
        if not self.looked_at:
            return "Not on the look list."
        reasons = "; ".join(LOOK_REASONS.get(reason, reason) for reason in self.looked_at["look_reasons"])
        urgent = " Tonight." if self.looked_at["is_urgent"] else ""
        seen = self.looked_at["acknowledged_at"]
        looked = f" Looked at on {_day(local_day(seen, self.reporting_zone))}." if seen else ""
        return f"On the look list: {reasons}. Who looks: {self.looked_at['duty_role']}.{urgent}{looked}"


_JUDGED_BY = "select threshold, channel, reporting_zone from windows where window_name = 'headline'"


def why(con: duckdb.DuckDBPyConnection, caller: str, *, call_key: str | None = None) -> Explanation:
    """Explain a caller, or one of the caller's calls, from a published file, by the line and the channel of its run.

    Errors: InputError for a caller or call that the run does not hold, or for a beginning that several share.
    """
    threshold, headline_channel, zone = con.execute(_JUDGED_BY).fetchone() or (10, "999", "Europe/London")
    values = {"caller_id": resolve_caller(con, caller), "headline_channel": headline_channel}
    calls = _rows(con, "why_calls", values)
    return Explanation(
        run=_rows(con, "why_run", values)[0],
        caller=_rows(con, "why_caller", values)[0],
        windows=_rows(con, "why_windows", values),
        calls=calls,
        listed=next(iter(_rows(con, "why_listed", values)), None),
        looked_at=next(iter(_rows(con, "why_looked_at", values)), None),
        threshold=threshold,
        headline_channel=headline_channel,
        reporting_zone=zone or "Europe/London",
        call=_one_call(calls, call_key) if call_key else None,
    )


def resolve_caller(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The caller id that an id, its unique beginning, a case reference or an earlier id means.

    Errors: InputError, which names the callers of now where an earlier one was split; it does not repeat what was typed
    unless that can only be an id.
    """
    name = text.strip()
    name = name.upper() if name[:2].upper() == "K-" else name.lower()
    find = "a number or address is found by: misuse find --number NUMBER --reason REASON"
    if not _NAME.fullmatch(name):
        raise InputError("that is neither a caller id (c and hexadecimal digits) nor a case reference", next_step=find)
    found = _rows(con, "why_matches", {"name": name})
    matches = [str(row["caller_id"]) for row in found]
    if not matches:
        raise InputError(f"no caller {name} in the published run", next_step=f"misuse callers lists them; {find}")
    if len(matches) > 1:
        some = ", ".join(matches[:3])
        if all(row["is_split"] for row in found):
            raise InputError(
                f"{name} is several callers now: {', '.join(matches)}", next_step="name the one that you mean"
            )
        raise InputError(f"{name} begins several caller ids: {some} …", next_step="type more of the id")
    return matches[0]


def number_word(number: int) -> str:
    """Up to ten as a word, above as digits."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def _one_call(calls: list[dict[str, Any]], call_key: str) -> dict[str, Any]:
    wanted = call_key.strip().lower()
    found = [call for call in calls if wanted and str(call["call_key"]).startswith(wanted)]
    if len(found) != 1:
        problem = "several calls begin so" if found else "the caller has no such call in the published run"
        raise InputError(problem, next_step="call keys are listed by: misuse why CALLER --json")
    return found[0]


def _rows(con: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return store.rows(models.select(con, f"explain/{name}", values), _plain)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool | date | list) else str(value)


def _window_line(window: Mapping[str, Any]) -> str:
    counted, coded = window["misuse_calls"], window["coded_misuse_calls"]
    name = _WINDOWS.get(window["window_name"]) or f"{window['window_name'][1:]} days"
    return (
        f"{counted:>7}  {name}: of {_calls(coded, 'coded call')}, "
        f"{window['stopped_calls']} stopped, {window['doubtful_calls']} doubtful; {_calls(window['episodes'], 'episode')}"
    )


def _call_line(call: Mapping[str, Any]) -> str:
    codes = [call["closing_code"] or call["opening_code"] or "no code", call["qualifiers"], call["result_code"]]
    moment: datetime = call["received_local"]
    told = " / ".join(code for code in codes if code)
    return f"  {moment:%Y-%m-%d %H:%M}  {call['channel']}  {told}  {str(call['call_key'])[:8]}  {VERDICTS[call['verdict']]}"


def _calls(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _days(run: Mapping[str, Any]) -> int:
    """Whole days; a clock change makes the window an hour more or less."""
    span: timedelta = run["window_to"] - run["window_from"]
    return round(span.total_seconds() / 86400)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
