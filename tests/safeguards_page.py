"""docs/safeguards.md, made from the reviewed rules: `python -m tests.safeguards_page` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from misuse import rules
from misuse.rules import Doubt, HardStop, Rules
from misuse.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "safeguards.md"

OPENING = """# Safeguards

A **hard stop** keeps a call, or every call of a caller, from being treated as misuse, whatever its code says and however many
such calls there are. It is there because some repeated, silent or odd calls are what danger looks like, and people have died who
were seen as a nuisance. This page says what each stop is, why it is there, how far it reaches, who looks, and how it ends. It is made
by `python -m tests.safeguards_page` from `src/misuse/rules/hard_stops.toml` and `doubts.toml`; a test keeps them in step. `domain.md`, in a
rule's source, is the notes on the subject from which the rules were drafted. They are not in the repository: where they stand alone, the rule's
checker looks for the source behind them.

**What a stop does.** The call counts for nothing against anybody. A stopped caller is on no tasking list, and a case that is open is
shut to action. **What it does not do.** It hides nobody: whoever is stopped and has a call coded misuse, or calls often, or was
stopped by a person, or has a case, is on the *look list*, with the role that looks; urgent ones first: the notification hook is told of them by each run, and of an urgent stop as somebody enters it. Stopped
calls coded misuse that no known caller made are told beside it, by each run and in the room. It changes nothing in the control room: no output of this program is a reason not to answer or attend, and every call goes on being
taken and judged by what is said in it. A stop finds nobody innocent or guilty; it says that a person must look first.

**A stop on one call of somebody who stays on the list.** Many stops bar the call alone, and whoever has ten misuse calls besides stays
on the tasking list. Where such a stop is urgent and nobody has looked, the list row, its page and the sheets say so before any other
doubt, whatever the call was coded and however long ago it came; the lane is support, enforcement can be neither proposed nor approved, and
the case page in the review room opens with it: who looks, since when, which calls. It ends with a look (`misuse look --acknowledge CALLER`,
or *I have looked*): in the room at once, on the list with the next run.

A caller is a person as far as the log shows it: a set of *number-holding spells*, each one holder's time with one number.
"""

REACH = """## How far a stop reaches

Counts rest on the strictest view of who is one person, stops on the loosest: to be counted too little does nobody harm, and a stop
that is missed may. A rule says whether it reaches **the call** alone, or **the caller**. The caller means:

| reached by | who |
|---|---|
| own | the caller who made the call that set the rule off, through every number taken as theirs |
| register | the number that somebody entered in the register of shared lines under a kind that is a stop |
| same_number | whoever held the same number before or after: a change of holder may be a mistake |
| linked | every number that may be the same person's: the loose group, links as good as certain, and what a person joined, even where a person said that a link of the program's is none |
| person | *domestic abuse only:* a caller on one of whose calls the same person, by name and date of birth, was named |
| address | *domestic abuse only:* a caller with the same subscriber's address and postcode |
| place | *domestic abuse only:* the silent and abandoned calls of a number that is registered at, was silent at, or reported {place_calls} times from a place named on a marked call |
| person_entered | everyone who may be the caller whom somebody stopped with `misuse stop` |
| kept | whom an earlier run published the stop on, by a link or a tie that later calls did away with |
| carried | whom a stop reached before the model of identity was replaced, and would reach no longer |

An address, place or person that more than {most_numbers} numbers have in common ties nobody, for it is a hostel, a street or a word for
"not known"; numbers that are taken for one caller's count once. An address with a whole postcode is known by that and its numbers, however
its street is spelled; one without by its letters, but for Road, Street, Avenue, Square and Crescent, which may be short; a name by its
letters in any order, without titles; a birth date day first. A premises key is an address where no subscriber's is given. A silent or abandoned call without a number is barred alone, for nobody is known to have made it. Addresses and names are compared inside the vault; only which rule was hit leaves it, see below. To a line of many people, such as a
hospital's, ties reach silent and abandoned calls alone. On the look list `linked_stop` says that every stop of a caller came from
elsewhere, without saying which marker it was.
"""

ENDING = """## How a stop ends

A stop that somebody entered stands until somebody with the role lifts it, with a reason: `misuse stop CALLER --lift --reason "…"`.
A rule's stop is lifted from a caller in the same way, by naming the rule (`--rule`). It then no longer reaches that caller, but the calls that carry
the marker stay barred. The lift is of the marked calls that stood then, and refused where none did. The stop comes back by itself with
any other: one that comes in later, or one that a link found later leads to; and when the caller turns out to have a number that was not
theirs at the lift. Splitting a caller, a better model of identity, or a corrected link lifts nothing. Every entry and lift is in the
casebook with its reason and the name of who made it.

A look that somebody acknowledges (`misuse look --acknowledge CALLER`) lifts nothing either. It takes the urgency from the stops
that the list then showed, each by itself; another, however early its date, is urgent until it is seen. Every silent or abandoned
call of a caller under a domestic-abuse marker counts as one.
"""

KEPT = """## What is kept of it

That a rule was hit, by its name, is kept by caller and by call, under pseudonyms: in `warehouse.duckdb` for every stop and flag, and in
`casebook.sqlite` for every hard stop. Neither file is encrypted, so whoever may read them learns that somebody, not who, was under `dementia` or
`mental_health`. The markers as they were written, the remarks, the names and the addresses lie in the encrypted vault alone. Both files are
for the service account alone (mode 0600), a backup copies both as they are, and the disks of the machine and of its backups want encrypting
([decisions](decisions.md), 2026-11-23). The copy for analysts holds two rules' names: `new_content` among
the look list's reasons, `handset_fault` among the tasking list's flags.
"""

BLIND = """## What a log cannot show

A rule can be set off only by what a source records. Each source declares which markers it supplies; where one that is in use supplies none
of a rule's markers, has no remarks for its words and no codes for its pattern, that safeguard is blind, and every list says "N of M
safeguards blind". Enforcement stays shut until a named person has recorded another check (`misuse safeguards`), and until the day on
which it lapses. A marker that the handler did not set is not there: this program cannot see what nobody wrote down.

A marker is known by a rule's words, whole and in their order, in whatever it says besides: `Domestic Abuse (High)`, `HISTORIC D.A.`,
`DomesticAbuse: yes`, and `NO DOMESTIC ABUSE` too, for a denial that stops costs a look and a marker that is missed a victim. Stops,
brackets, apostrophes, accents and marks that nobody sees make no difference; a number alone (`55`) counts only where a marker begins
with it. Strokes, `&` and `+` part markers, or join letters, as in `D/V` and `A&E`: both are read. A longer marker of a rule is no shorter one of another: `HOSPITAL WALKOUT` is no hospital. A source that writes a denial on every call (`DA: N`), or a word of ours for another thing (`ABUSIVE LANGUAGE`, by which
`language` stops the caller), renames it in its layout. Markers that no rule knows stop nothing: `misuse source check` counts them, and
so does every file that goes in, with a warning where calls that bear one are over `unknown_marker_share` of those with markers.
"""

DOUBT = """## Doubt

A call whose own record speaks against its misuse code is *doubtful*. It is counted on a line of its own, by kind, and against nobody. A
stop outranks a doubt. That officers were sent is no doubt. Codes of need (`contradicted`) are known as the beginning of a result or
qualifier too (`CRIME RECORDED: BURGLARY`), all others as the whole of one. A source may declare results and qualifiers of its own.
"""
KINDS = {
    "contradicted": "a result or qualifier shows that somebody was in need",
    "defaulted": "nobody chose the code",
    "unknown": "the closing code is not known, and another field alone says misuse",
}
LISTS = """## Lists of words

By these the patterns know a code, each word found whole in it, or an address that is none.
"""


def page(reviewed: Rules | None = None) -> str:
    """The page as it should be."""
    known = reviewed or rules.load()
    stops = [rule for rule in known.hard_stops if rule.is_stop]
    flags = [rule for rule in known.hard_stops if not rule.is_stop]
    ties = next(rule.limits for rule in known.hard_stops if rule.pattern == "ties")
    parts = [OPENING, _overview(stops), REACH.format(**ties), ENDING, KEPT, BLIND, DOUBT, _doubts(known.doubts)]
    parts.append("## Each hard stop\n")
    parts += [_section(rule) for rule in stops]
    parts.append(
        "## Flags that bar nothing\n\n"
        "A line of many people is counted apart, with a threshold of its own, and is never shown as a person. A vulnerability "
        "puts support before anything else.\n"
    )
    parts += [_section(rule) for rule in flags]
    parts.append(LISTS)
    parts += [f"**{group.title}.** {_words(group.words)}. {group.review.why}\n" for group in known.code_lists]
    return "\n".join(parts)


def _overview(stops: Iterable[HardStop]) -> str:
    rows = "\n".join(
        f"| [{rule.title}](#{rule.id.replace('_', '-')}) | {_scope(rule)} | {_role(rule)} | {_urgency(rule)} |"
        for rule in stops
    )
    return f"| hard stop | bars | who looks | when |\n|---|---|---|---|\n{rows}\n"


def _section(rule: HardStop) -> str:
    review = rule.review
    lines = [
        f"### {rule.id.replace('_', '-')}",
        f"**{rule.title}.** {review.why}",
        *(f"- {line}" for line in _facts(rule)),
        f"- Source: {review.source}",
        f"- Written by: {review.author}. Checked by: {review.checker}. Looked at again by {review.next_review.day} "
        f"{review.next_review:%B %Y}. Version {review.version}.",
    ]
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:]) + "\n"


def _facts(rule: HardStop) -> Iterator[str]:
    if rule.is_stop:
        yield f"Bars: {_scope(rule)}. Looked at by: {_role(rule)}, {_urgency(rule)}."
    if rule.makes_shared_line:
        yield "The number is taken for a shared line, never for a person."
    if rule.is_fault:
        yield (
            "It is evidence of a fault: of whoever stays on the tasking list, with half of the window's calls coded misuse "
            "wordless or hit by such a rule, the list says so, and the lane is technical unless support comes first."
        )
    if rule.support_first:
        yield "Support comes first for the caller, whatever else is decided."
    if rule.markers:
        yield f"Set off by the markers {_words(rule.markers)}."
    if rule.codewords:
        yield "Set off by words in the remarks; the expressions are in the rule's file."
    if rule.pattern:
        yield _pattern(rule)


def _pattern(rule: HardStop) -> str:
    told = {
        "ties": "Reaches numbers that have an address or a named person in common with a marked call, see above: "
        "a silent or abandoned call of a caller so reached is looked at each time it comes.",
        "burst": "Set off without a marker by {calls} silent or abandoned calls, pocket dials or the like from one number within "
        "{minutes} minutes: it then bars just those calls.",
        "new_content": "Set off by a call of somebody who made at least {contacts} calls of any kind in the {days} days before, "
        "through any number that may be theirs, if it was closed as misuse, as a duplicate or as silent though something in "
        "it is new: silence, or an opening code outside the misuse list, which the number never had until within {hours} hours "
        "before (while it had fewer than {kinds} such codes: of somebody whose calls are always different, one more tells "
        "nothing); a duplicate of nothing that the caller had reported within {hours} hours; or words such as a scream, crying, "
        "a call for help or a weapon in the remarks.",
    }
    return told[rule.pattern].format(**rule.limits)


def _scope(rule: HardStop) -> str:
    return "every call of the caller" if rule.scope == "caller" else "the call"


def _role(rule: HardStop) -> str:
    return rule.duty_role or f"{Settings().duty_role} (the `duty_role` of misuse.toml)"


def _urgency(rule: HardStop) -> str:
    return "the same night" if rule.is_urgent else "at the next look"


def _doubts(doubts: Iterable[Doubt]) -> str:
    rows = [
        f"| {doubt.kind}: {KINDS[doubt.kind]} | {doubt.title} | {doubt.field.replace('_', ' ')}: {_words(doubt.codes)}"
        + ("; or none, where the source gives one to more than half of its calls" if doubt.absent else "")
        + " |"
        for doubt in doubts
    ]
    return "| kind | what | codes |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
