"""A room in which a meeting was held: something of everything that a page can show, so that none is looked at empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import duckdb

from misuse import double_coding, publication
from misuse.room import actions, boroughs, calls, care, cases, meetings, packs, rights
from misuse.web import access
from misuse.web.routes import ROUTES, Route
from tests.web.rooms import SCRIPT, Room

LONG = (
    "Asked of the group: " + "who calls from this line at night, since when, and what was said to the caller then? " * 4
)
TEXT = f"seen and heard {SCRIPT}"
# Who looks at a page: the first of these who may.
LOOKING = ("rex", "cho", "aut", "aud", "hea", "ada", "bob", "ana")
ROLES = {
    "rex": "reviewer", "cho": "chair", "aut": "authoriser", "aud": "auditor", "hea": "health liaison", "ada": "administrator",
    "bob": "borough", "ana": "analyst",
}  # fmt: skip


def live(room: Room, *, is_signed: bool = True) -> dict[str, str]:
    """Hold the meeting, and what comes of one; a value for every name that paths hold."""
    _suggest_a_link(room)
    rex, cho, today = room.desk("rex"), room.desk("cho"), room.desk("rex").today
    soon, late = (today + timedelta(days=28)).isoformat(), (today - timedelta(days=3)).isoformat()
    meetings.set_terms(
        cho, "fewer calls that should not be, more help for who needs it", LONG, "commander, Met CC", 14, ["visits"]
    )
    meetings.freeze(cho)
    refs = list(_free(room))
    decided, left, stopped = refs[0], refs[1], refs[-1]
    meetings.open_meeting(cho, "C1", "cho", ["Detective inspector, Camden", "Metcall supervisor"])
    calls.open_calls(rex, decided)
    for call in cases.case(rex, decided)["calls"][:4]:
        calls.judge_call(rex, decided, call["call_key"], "confirmed", TEXT)
    for need in _needs(rex, decided, "welfare_contact"):
        cases.meet(rex, decided, "welfare_contact", need, TEXT)
    given = {"reason": LONG, "lane": "support", "option": "welfare_contact", "owner": "Camden", "review_date": soon}
    meetings.prepare(rex, "C1", decided, "act", given)
    done = meetings.decide(cho, "C1", decided, dissent="Metcall supervisor: a letter first")
    meetings.leave(cho, "C1", left, "its borough asks to wait a fortnight")
    calls.open_calls(rex, left)
    meetings.prepare(rex, "C1", left, "suppress", {"reason": LONG, "until": soon})
    _after(room, decided, soon, late)
    care.stop(rex, stopped, f"may be a patient {SCRIPT}", is_urgent=True)
    _propose(room, soon)
    packs.evidence_pack(rex, decided, "for the prosecutor")
    if is_signed:
        meetings.sign_minutes(cho, "C1")
    sample = double_coding.draw(
        room.settings, coders=["ana", "rex"], calls=None, half_width=0.1, seed=1, reason="to know the codes", actor="ana",
        now=room.clock(),
    )  # fmt: skip
    link = next(row for row in care.links(rex) if row["status"] == "suggested")
    with rex.book() as book:
        caller = str(book.cases()[decided]["caller_id"])
    return {
        "pack": str(packs.packs(rex, decided)[0]["event_id"]), "file": "pack.pdf", "ref": decided, "caller": caller, "cycle": "C1", "move": "review", "event": str(done["event_id"]),
        "option": "welfare_contact", "need": "0", "a": link["spell_a"], "b": link["spell_b"], "sample": str(sample["sample"]),
        "action": "A1", "bid": "B1", "tasking": "T1", "referral": "R1", "user": "ana", "representation": "P1",
        "stopped": stopped, "left": left,
    }  # fmt: skip


def _after(room: Room, ref: str, soon: str, late: str) -> None:
    """What a decision leads to: taskings, actions, referrals, bids, lessons, notes, representations."""
    rex, cho, bob, hea = (room.desk(name) for name in ("rex", "cho", "bob", "hea"))
    then = timedelta(days=7)  # what is overdue now was sent before
    boroughs.task(rex, ref, "Camden", LONG, soon, TEXT, "not at night")
    boroughs.task(replace(rex, now=rex.now - then), ref, "Camden", LONG, late, TEXT, "not at night")
    boroughs.answer(bob, "T1", "accepted", TEXT)
    boroughs.disclose(cho, "T1", "PC 100 of Camden", TEXT, soon)
    boroughs.withhold_telling(room.desk("aut"), ref, "Brent", TEXT, soon)
    for desk, deadline in ((cho, soon), (replace(cho, now=cho.now - then), late)):
        actions.set_action(desk, "C1", ref, LONG, "rex", deadline, "letter served", "no misuse call in 30 days")
    actions.update_action(rex, "A1", "done", TEXT)
    actions.debrief(cho, "C1", ref, LONG)
    actions.add_lesson(rex, LONG, "worked", ref)
    for resource in ("two officers for a visit", "a letter in Welsh"):
        actions.bid(bob, "Camden", resource, TEXT)
    actions.decide_bid(cho, "B2", "part", TEXT)
    for _ in range(2):
        packs.referral(rex, ref, TEXT, "substantial public interest, safeguarding")
    packs.answer_referral(hea, "R2", "known")
    care.add_health_note(hea, ref, TEXT)
    calls.note(rex, ref, TEXT)
    for _ in range(2):
        rights.representation(rex, ref, LONG, "a carer")
    rights.answer_representation(room.desk("aut"), "P2", "part_upheld", TEXT)
    rights.correct(cho, 5, TEXT)


def _propose(room: Room, soon: str) -> None:
    """A proposal that waits for approval, where no bar keeps anybody from enforcement."""
    rex = room.desk("rex")
    with publication.opened(room.settings) as con:
        row = con.execute(_OPEN).fetchone()
    if row is None:
        return
    ref = str(row[0])
    for need in _needs(rex, ref, "cpw"):
        cases.meet(rex, ref, "cpw", need, TEXT)
    misuse = [call["call_key"] for call in cases.case(rex, ref)["calls"] if call["is_coded_misuse"]]
    calls.judge_calls(rex, ref, dict.fromkeys(misuse, "confirmed"))
    given = {"reason": LONG, "option": "cpw", "owner": "Camden", "review_date": soon}
    cases.move(rex, ref, "propose", given)


_OPEN = """
select case_ref from tasking_list inner join callers using (caller_id)
where part < 4 and len(enforcement_bars) = 0 and not callers.support_first and not callers.is_stopped
order by rank desc limit 1
"""


def _needs(desk: object, ref: str, option: str) -> list[str]:
    found = next(row for row in cases.options(desk, ref) if row["id"] == option)  # type: ignore[arg-type]
    return [str(need["text"]) for need in found["needs"]]


def _free(room: Room) -> Iterator[str]:
    """Cases of the meeting that nothing stopped, in the list's order, but for the one that enforcement is proposed of."""
    with publication.opened(room.settings) as con:
        rows = con.execute(_FREE).fetchall()
        kept = con.execute(_OPEN).fetchone()
    yield from (str(row[0]) for row in rows if row != kept)


_FREE = """
select case_ref from tasking_list inner join callers using (caller_id)
where part < 4 and not callers.is_stopped
order by rank
"""


def _suggest_a_link(room: Room) -> None:
    """A link that waits for two people, as a trained model would suggest one, where the copy has none."""
    with duckdb.connect(str(room.settings.current_path.resolve())) as con:
        if con.execute("select count(*) from caller_links").fetchone() == (0,):
            con.execute(_SUGGESTED)


_SUGGESTED = """
insert into caller_links
select min(spell_id), max(spell_id), arg_min(caller_id, spell_id), arg_max(caller_id, spell_id), 'suggested', 0.93, 4.2,
    ['a rare name agrees', 'another address']
from caller_spells
"""


def readers() -> Iterator[tuple[Route, str]]:
    """Every page, and who looks at it."""
    for route in ROUTES:
        if route.method == "GET":
            names = [name for name in LOOKING if access.may(route.permission, ROLES[name])]
            yield route, names[0]
