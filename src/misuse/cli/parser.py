"""The words of the command line. Importing this costs nothing heavy: `misuse --help` is instant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, NoReturn

from misuse import __version__

_DESCRIPTION = "Persistent callers to the 999 system: from call logs to a tasking list."
_EPILOG = """\
first steps
  misuse demo                          a synthetic year of London, the whole job
  misuse source draft FILE             propose a layout for a log of your own
  misuse source check FILE --source N  see how it would be read
  misuse ingest FILE --source N        take it in
  misuse run                           make and publish the list

files lie under MISUSE_HOME (default var/); settings and sources in misuse.toml
exit codes: 0 done · 1 a check failed, or a fault of the program · 2 usage · 3 bad input · 4 another run writes · 5 store or key
            6 refused · 7 out of disk or time · 130 interrupted
"""


class Parser(argparse.ArgumentParser):
    """Says what was wrong without repeating what was typed, unless it is a plain word: it may be a number or a name."""

    def error(self, message: str) -> NoReturn:
        """End with the usage and what was wrong, code 2."""
        super().error(re.sub(r": '((?:[^'\\]|\\.)*)'", _masked, message, count=1))


def _masked(found: re.Match[str]) -> str:
    return found[0] if re.fullmatch("[a-z][a-z-]*", found[1]) else " (what was typed is not repeated)"


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="misuse",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"misuse {__version__}")
    parser.add_argument(
        "--config", metavar="FILE", help="settings file (default: MISUSE_CONFIG, HOME/misuse.toml, ./misuse.toml)"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in (_logs, _runs, _lists, _people, _cases, _identity, _lines, _coding, _keeping, _service):
        add(_adder(commands))
    return parser


Adder = Callable[..., argparse.ArgumentParser]


def _adder(commands: argparse._SubParsersAction[Any]) -> Adder:
    def add(name: str, run: str, text: str, *, json: bool = False) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
        )
        if run:
            command.set_defaults(run=run)
        if json:
            command.add_argument("--json", action="store_true", help="print JSON for a program to read")
        return command

    return add


def _logs(add: Adder) -> None:
    demo = add("demo", "logs:demo", "a synthetic year of London, the whole job from log to list")
    demo.add_argument("--days", type=int, default=365, help="length of the log (default 365)")
    demo.add_argument("--calls-per-day", type=int, default=6000, help="999 calls a day (default 6000)")

    synth = add("synth", "logs:synth", "write a synthetic London with planted truth", json=True)
    synth.add_argument("--out", metavar="FOLDER", help="where to (default HOME/synth)")
    synth.add_argument("--seed", type=int, help="another seed, another London")
    synth.add_argument(
        "--from", dest="start", metavar="DATE", default="2025-01-01", help="first day (default 2025-01-01)"
    )
    synth.add_argument("--days", type=int, default=365, help="length of the log (default 365)")
    synth.add_argument("--calls-per-day", type=int, default=6000, help="999 calls a day (default 6000)")
    synth.add_argument(
        "--reading", choices=("A", "B"), default="A", help="of the 2005 report: what '6000 calls a month' means"
    )
    synth.add_argument("--dirt", action="store_true", help="with the dirt of real files")
    synth.add_argument("--drama", action="store_true", help="numbers only from Ofcom's drama ranges")
    synth.add_argument(
        "--log-only", action="store_true", help="without what is true, which takes twice the memory of the log"
    )

    source = add("source", "", "declare a log of your own")
    parts = source.add_subparsers(metavar="ACTION", required=True)
    draft = parts.add_parser("draft", help="propose a layout for a file", allow_abbrev=False)
    draft.add_argument("file", metavar="FILE", help="a log of yours")
    draft.add_argument("--name", default="mylog", help="what to call the source (default mylog)")
    draft.set_defaults(run="logs:source_draft")
    check = parts.add_parser("check", help="show how a file would be read; changes nothing", allow_abbrev=False)
    check.add_argument("file", metavar="FILE", help="a log of yours")
    check.add_argument("--source", required=True, metavar="NAME", help="the declared source to read it as")
    check.add_argument("--json", action="store_true", help="print JSON for a program to read")
    check.set_defaults(run="logs:source_check")

    ingest = add("ingest", "logs:ingest", "take files of a declared source in", json=True)
    ingest.add_argument("files", metavar="FILE", nargs="+")
    ingest.add_argument("--source", required=True, metavar="NAME", help="the declared source the files are of")

    batch = add("batch", "", "files taken in: list them, withdraw one")
    parts = batch.add_subparsers(metavar="ACTION", required=True)
    listing = parts.add_parser("list", help="every file taken in", allow_abbrev=False)
    listing.add_argument("--json", action="store_true", help="print JSON for a program to read")
    listing.set_defaults(run="logs:batch_list")
    withdraw = parts.add_parser("withdraw", help="take a file back out", allow_abbrev=False)
    withdraw.add_argument("batch_id", metavar="ID")
    withdraw.add_argument("--reason", required=True, help="why; kept in the ledger and the casebook")
    withdraw.set_defaults(run="logs:batch_withdraw")


def _runs(add: Adder) -> None:
    run = add("run", "runs:run", "inbox to published list", json=True)
    run.add_argument(
        "--as-of",
        metavar="DATE",
        help="last day to speak for, one that is over (default: the last complete day received)",
    )
    run.add_argument(
        "--force", action="store_true", help="run though nothing changed; let an earlier as-of be published"
    )
    add("runs", "runs:runs", "every run and what became of it", json=True)
    publish = add("publish", "runs:publish", "point readers at a kept run, or list those kept", json=True)
    publish.add_argument("run_id", metavar="RUN", nargs="?")
    publish.add_argument("--force", action="store_true", help="let an earlier as-of replace a later one")
    status = add("status", "runs:status", "one line a concern: what is well, what is not, what to type", json=True)
    status.add_argument("--check", action="store_true", help="exit 1 when anything is wrong")
    status.add_argument("--notify", action="store_true", help="also call the notification hook")
    estimate = add("estimate", "runs:estimate", "the headline, its bridge and its intervals", json=True)
    estimate.add_argument("--window", metavar="DAYS", help="another window: a number of days, or since_log_start")
    estimate.add_argument("--threshold", type=int, metavar="N", help="another threshold")
    estimate.add_argument(
        "--by", choices=("caller", "number"), default="caller", help="count callers, or each number as one caller"
    )


def _lists(add: Adder) -> None:
    listing = add("list", "lists:tasking_list", "the tasking list", json=True)
    listing.add_argument(
        "--part", type=int, choices=(1, 2, 3, 4), action="append", help="only this part; may be repeated"
    )
    listing.add_argument("--all", action="store_true", help="part 4 too (the default shows parts 1 to 3)")
    listing.add_argument(
        "--freeze", action="store_true", help="freeze it for the meeting: the next cycle compares with it"
    )
    add("look", "lists:look_list", "callers who need a look whatever the counts say", json=True).add_argument(
        "--acknowledge", metavar="CALLER", help="record that you have looked at this caller"
    )
    callers = add("callers", "lists:callers", "callers with misuse calls, most first", json=True)
    callers.add_argument("--at-least", type=int, default=1, metavar="N", help="misuse calls in the headline window")
    callers.add_argument("--limit", type=int, default=20, metavar="N", help="how many to show (default 20)")
    why = add("why", "lists:why", "why a caller is, or is not, on a list: every call, by which rule", json=True)
    why.add_argument("caller", metavar="CALLER", help="caller id, its beginning, or a case reference")
    why.add_argument("--call", metavar="ID", help="only this call's key")
    sql = add("sql", "lists:sql", "query the published copy: read-only, time-limited, logged", json=True)
    sql.add_argument("statement", nargs="?", metavar="SQL")
    sql.add_argument("-f", "--file", metavar="FILE", help="a file, or the name of a saved query")
    sql.add_argument("-p", "--param", action="append", default=[], metavar="NAME=VALUE", help="a query's parameter")
    sql.add_argument("--seconds", type=int, metavar="N", help="time limit")
    sql.add_argument("--csv", action="store_true", help="print CSV")
    sql.add_argument("--saved", action="store_true", help="list the saved queries")


def _people(add: Adder) -> None:
    find = add("find", "keeping:find", "the callers behind a number or an address; recorded", json=True)
    what = find.add_mutually_exclusive_group(required=True)
    what.add_argument("--number", metavar="NUMBER", help="a telephone number, as dialled or as +44…")
    what.add_argument("--address", metavar="ADDRESS", help="an address as the log has it")
    find.add_argument("--reason", required=True, help="why; recorded with your name")
    identify = add(
        "identify", "keeping:identify", "who is behind a caller, or a file's rejected rows; recorded", json=True
    )
    whom = identify.add_mutually_exclusive_group(required=True)
    whom.add_argument("caller", metavar="CALLER", nargs="?", help="caller id, its beginning, or a case reference")
    whom.add_argument("--batch", metavar="ID", help="show this batch's rejected rows as they were read")
    identify.add_argument("--limit", type=int, default=20, metavar="N", help="with --batch: how many rows (default 20)")
    identify.add_argument("--reason", required=True, help="why; recorded with your name")
    stop = add("stop", "people:stop", "bar a caller from being treated as misuse; acts at once")
    stop.add_argument("caller", metavar="CALLER")
    stop.add_argument("--reason", required=True, help="why; recorded with your name")
    stop.add_argument("--urgent", action="store_true", help="to be looked at tonight")
    stop.add_argument("--lift", action="store_true", help="lift the stop again")
    stop.add_argument("--rule", metavar="RULE", help="with --lift: lift this rule's stop from the caller")
    users = add("users", "people:users", "who may do what: list, add, change; and passwords", json=True)
    users.add_argument("action", nargs="?", choices=("list", "add", "change", "password"), default="list")
    users.add_argument(
        "name", nargs="?", metavar="NAME", help="user; for password, oneself unless named: others only as administrator"
    )
    users.add_argument("--borough", metavar="BOROUGH", help="with --role borough: which one")
    users.add_argument(
        "--role", metavar="ROLE", help="analyst, reviewer, chair, authoriser, auditor, administrator …; none removes"
    )
    audit = add("audit", "people:audit", "whether the casebook's record is whole", json=True)
    audit.add_argument("action", choices=("verify", "export"), help="check the chain, or print every event")
    audit.add_argument(
        "--head",
        metavar="H",
        action="append",
        help="verify: a head noted earlier, on a run, minutes or a pack, that must be there",
    )


def _cases(add: Adder) -> None:
    part = _actions(add("case", "", "cases: what is known of one, its calls opened and judged, its moves"))
    part("list", "room:case_list", "every case, those due first", json=True)
    show = part("show", "room:case_show", "one case; the reading is recorded", json=True)
    opened = part("open", "room:case_open", "open a case's calls: which, and by whom, is recorded", json=True)
    judge = part("judge", "room:case_judge", "confirm or refute that a call is misuse")
    move = part("move", "room:case_move", "make a move, as misuse case show offers it", json=True)
    meet = part("meet", "room:case_meet", "record that a precondition of an option is met, and how")
    evidence = part("evidence", "room:case_evidence", "the evidence frozen with a decision; recorded")
    evidence.add_argument("event", type=int, metavar="EVENT", help="the decision's number, as case show has it")
    for command in (show, opened, judge, move, meet):
        command.add_argument("case", metavar="CASE", help="a case reference, or its caller")
    opened.add_argument("--call", action="append", metavar="KEY", help="only this call; may be repeated")
    judge.add_argument("call", metavar="CALL", help="the call's key")
    judge.add_argument("verdict", choices=("confirmed", "refuted", "cannot_tell"), help="what it was found to be")
    judge.add_argument("--note", default="", help="why, if it needs saying; name nobody")
    move.add_argument("move", metavar="MOVE", help="act, review, propose, approve, refuse, close …")
    for need in (
        "lane",
        "option",
        "owner",
        "review-date",
        "finding",
        "outcome",
        "activity",
        "until",
        "ground",
        "why-not-support",
    ):
        move.add_argument(f"--{need}", metavar="TEXT", help=f"{need.replace('-', ' ')}, where the move needs it")
    move.add_argument("--reason", required=True, help="why; recorded with your name")
    meet.add_argument("option", metavar="OPTION", help="the option's name")
    meet.add_argument("need", metavar="NEED", help="the precondition, in the words of the option")
    meet.add_argument("--how", required=True, help="how it is known to be met")

    part = _actions(add("cycle", "", "the tasking cycle: lists frozen for meetings, agenda, minutes"))
    part("list", "room:cycle_list", "every frozen list", json=True)
    part("show", "room:cycle_show", "one cycle whole", json=True).add_argument(
        "cycle", metavar="CYCLE", help="C1, C2 …"
    )
    for name, text in (("agenda", "the agenda as PDF"), ("minutes", "the minutes as PDF")):
        paper = part(name, f"room:cycle_{name}", text)
        paper.add_argument("cycle", metavar="CYCLE", help="C1, C2 …")
        paper.add_argument("--out", required=True, metavar="FILE", help="where to")

    part = _actions(add("rights", "", "how long what is kept stays, disposal, and what people may ask for"))
    part("clocks", "room:rights_clocks", "review, retention and disposal of every case", json=True)
    part("dpia", "room:rights_dpia", "inputs for the data protection impact assessment, from what runs")
    dispose = part(
        "dispose", "room:rights_dispose", "put a case's person away everywhere, with a certificate", json=True
    )
    dispose.add_argument("case", metavar="CASE", help="a case reference")
    dispose.add_argument("--upheld", action="store_true", help="before its time: a representation was upheld")
    access = part("access", "room:rights_access", "everything held of a person, for the person; recorded")
    access.add_argument("caller", metavar="CALLER", help="caller id, its beginning, or a case reference")
    access.add_argument("--out", metavar="FILE", help="as a PDF to read; without it, every field as JSON")
    for command in (dispose, access):
        command.add_argument("--reason", required=True, help="why; recorded with your name")


def _identity(add: Adder) -> None:
    identity = add("identity", "", "who is calling: the model that suggests links, and what people decide on them")
    part = _actions(identity)
    part("train", "identity:train", "make a model from the records that are in; a run never does", json=True)
    diff = part("diff", "identity:diff", "what a candidate model would change, and whether it is taken", json=True)
    diff.add_argument("model", metavar="MODEL", nargs="?", help="an earlier model instead, as identity models names it")
    verdict = diff.add_mutually_exclusive_group()
    verdict.add_argument("--accept", action="store_true", help="put the candidate in force")
    verdict.add_argument("--reject", action="store_true", help="put the candidate away")
    diff.add_argument("--reason", help="why; recorded with your name")
    links = part("links", "identity:links", "links of a caller, or every suggestion that waits for a person", json=True)
    links.add_argument("caller", metavar="CALLER", nargs="?", help="caller id, its beginning, or a case reference")
    same = part("same", "identity:same", "record that two callers are one person", json=True)
    same.add_argument("one", metavar="A", help="a caller, or one number's id (s…)")
    same.add_argument("other", metavar="B", nargs="?", help="another; left out, every link within A is confirmed")
    differ = part("differ", "identity:differ", "record that two callers are not one person", json=True)
    differ.add_argument("one", metavar="A", help="a caller, or one number's id (s…)")
    differ.add_argument("other", metavar="B", help="another, or one number of A")
    undo = part("undo", "identity:undo", "take a decision on a link back")
    undo.add_argument("event", metavar="EVENT", help="its number, as identity links shows it")
    for command in (same, differ, undo):
        command.add_argument("--reason", required=True, help="why; recorded with your name")
    part("models", "identity:models", "every model that is kept, and which is in force", json=True)
    part("card", "identity:card", "the card of the model in force: data, features, error rates, what it is not for")


def _lines(add: Adder) -> None:
    part = _actions(add("shared-lines", "", "numbers that are many people's: the register, and what looks like one"))
    part("list", "lines:shared_lines", "the register, without a number in it", json=True)
    one = part("add", "lines:add", "put a number into the register")
    file = part("import", "lines:load", "put a CSV file of numbers into the register, all or none")
    file.add_argument("file", metavar="FILE", help="columns number and kind; others, a name say, are not read")
    gone = part("remove", "lines:remove", "take a number out of the register")
    for command in (one, gone):
        which = command.add_mutually_exclusive_group(required=True)
        which.add_argument("--number", metavar="NUMBER", help="a telephone number, as dialled or as +44…")
        which.add_argument("--caller", metavar="CALLER", help="a caller of one number: nobody need see it")
    one.add_argument("--kind", required=True, metavar="KIND", help="care_home, hospital, hostel, refuge, switchboard …")
    for command in (one, file, gone):
        command.add_argument("--reason", required=True, help="why; recorded with your name")
    part("suggest", "lines:suggest", "numbers that behave as shared lines, for a person to judge", json=True)

    safeguards = add(
        "safeguards", "lines:safeguards", "which safeguards the logs leave blind, and other checks", json=True
    )
    record = _actions(safeguards, required=False)("record", "lines:record", "record that you checked by other means")
    record.add_argument("rule", metavar="RULE", help="the safeguard, as misuse safeguards names it")
    record.add_argument("--until", required=True, metavar="DATE", help="last day on which the check counts")
    record.add_argument("--reason", required=True, help="what was checked and how; recorded with your name")


def _coding(add: Adder) -> None:
    part = _actions(
        add("coding", "", "how far codes can be trusted: calls coded again by two people blind to each other")
    )
    plan = part("plan", "coding:plan", "how many calls to code again, and how surely that tells", json=True)
    plan.add_argument("--half-width", type=float, metavar="W", help="half of the 95%% interval: 0.05 is five points")
    draw = part("draw", "coding:draw", "draw a sample of the published window for two coders; recorded", json=True)
    draw.add_argument("--coder", required=True, action="append", metavar="NAME", help="one of two: give it twice")
    size = draw.add_mutually_exclusive_group(required=True)
    size.add_argument("--half-width", type=float, metavar="W", help="as many calls as this takes")
    size.add_argument("--calls", type=int, metavar="N", help="at most so many calls, shared out for the least width")
    draw.add_argument("--seed", type=int, help="another seed, other calls (default: the settings', and one a sample)")
    draw.add_argument("--reason", required=True, help="why; recorded with your name")
    calls = part("calls", "coding:calls", "calls that wait for your verdict, without their codes", json=True)
    calls.add_argument("sample", metavar="SAMPLE", nargs="?", help="D1, D2 … (default: the newest that waits for you)")
    calls.add_argument("--identified", action="store_true", help="with call id, references and remarks; recorded")
    calls.add_argument("--csv", action="store_true", help="print CSV with an empty column verdict, to fill in")
    calls.add_argument("--limit", type=int, default=20, metavar="N", help="how many to show (default 20)")
    calls.add_argument("--reason", help="with --identified: why; recorded with your name")
    record = part("record", "coding:record", "record a verdict: a coder's, or a third person's where two differ")
    load = part("import", "coding:load", "record a CSV file of verdicts, all or none")
    back = part("withdraw", "coding:withdraw", "take a sample back: its verdicts count for nothing")
    for command in (record, load, back):
        command.add_argument("sample", metavar="SAMPLE", help="D1, D2 …")
    record.add_argument("call", metavar="CALL", help="the call's number in the sample")
    record.add_argument("verdict", metavar="VERDICT", help="misuse, not_misuse or cannot_tell")
    record.add_argument("--note", help="why, if it needs saying; name nobody")
    load.add_argument("file", metavar="FILE", help="columns call and verdict; others are not read")
    back.add_argument("--reason", required=True, help="why; recorded with your name")
    part("train", "coding:train", "see whether calls' facts tell more than codes; a run never does", json=True)
    part("status", "coding:status", "every sample: who has coded how many, how far they agree", json=True)


def _keeping(add: Adder) -> None:
    vault = add("vault", "", "the keeping of what identifies")
    rotate = _actions(vault)("rotate", "keeping:vault_rotate", "encrypt the vault with a new key; recorded", json=True)
    rotate.add_argument("--reason", required=True, help="why; recorded with your name")
    rotate.add_argument("--new-key", metavar="FILE", help="the new key, in a file of mode 0600 (default: one is drawn)")

    backup = add("backup", "backups:backup", "copy every store as of one moment, compared, without a key", json=True)
    backup.add_argument("folder", metavar="FOLDER", help="where to, on another disk; older ones past their day go")
    restore = add("restore", "backups:restore", "put a backup back into an empty data home", json=True)
    restore.add_argument("backup", metavar="BACKUP", help="a folder that misuse backup made")
    restore.add_argument("--keys", metavar="FOLDER", help="the escrowed copy of keys/ (default: the environment)")
    restore.add_argument("--check", action="store_true", help="only read and compare it; changes nothing")
    restore.add_argument("--late", action="store_true", help="even one past the day by which it was to be gone")


def _actions(command: argparse.ArgumentParser, *, required: bool = True) -> Adder:
    """Adds the actions of a command."""
    return _adder(command.add_subparsers(metavar="ACTION", required=required))


def _service(add: Adder) -> None:
    serve = add("serve", "service:serve", "the review room in a browser; stays up")
    serve.add_argument("--port", type=int, metavar="N", help="another port than web.port (default 8999)")
    add("schedule", "service:schedule", "run the flows on their schedules; stays up")
    retention = add("retention", "service:retention", "put away what is past its time", json=True)
    retention.add_argument("--dry-run", action="store_true", help="only say what would go")
