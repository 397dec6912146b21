"""The words of the command line. Importing this costs nothing heavy: `misuse --help` is instant."""

from __future__ import annotations

import argparse
from collections.abc import Callable

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
exit codes: 0 done · 1 a check failed · 2 usage · 3 bad input · 4 another run writes · 5 store or key
            6 refused · 7 out of disk or time · 130 interrupted
"""


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
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
    for add in (_logs, _runs, _lists, _people, _service):
        add(_adder(commands))
    return parser


Adder = Callable[..., argparse.ArgumentParser]


def _adder(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> Adder:
    def add(name: str, run: str, text: str, *, json: bool = False) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
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
    run.add_argument("--as-of", metavar="DATE", help="last day to speak for (default: the last complete day received)")
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
    estimate.add_argument("--by", choices=("caller", "number"), default="caller", help="count callers, or bare numbers")


def _lists(add: Adder) -> None:
    listing = add("list", "lists:tasking_list", "the tasking list", json=True)
    listing.add_argument(
        "--part", type=int, choices=(1, 2, 3, 4), action="append", help="only this part; may be repeated"
    )
    listing.add_argument("--all", action="store_true", help="part 4 too (the default shows parts 1 to 3)")
    listing.add_argument(
        "--freeze", action="store_true", help="freeze it for the meeting: the next cycle compares with it"
    )
    add("look", "lists:look_list", "people who need a look whatever the counts say", json=True).add_argument(
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
    find = add("find", "people:find", "the caller behind a number or an address; recorded", json=True)
    what = find.add_mutually_exclusive_group(required=True)
    what.add_argument("--number", metavar="NUMBER", help="a telephone number, as dialled or as +44…")
    what.add_argument("--address", metavar="ADDRESS", help="an address as the log has it")
    find.add_argument("--reason", required=True, help="why; recorded with your name")
    identify = add("identify", "people:identify", "the numbers behind a caller; recorded", json=True)
    identify.add_argument("caller", metavar="CALLER")
    identify.add_argument("--reason", required=True, help="why; recorded with your name")
    stop = add("stop", "people:stop", "bar a caller from being treated as misuse; acts at once")
    stop.add_argument("caller", metavar="CALLER")
    stop.add_argument("--reason", required=True, help="why; recorded with your name")
    stop.add_argument("--urgent", action="store_true", help="to be looked at tonight")
    stop.add_argument("--lift", action="store_true", help="lift the stop again")
    users = add("users", "people:users", "who may do what: list, add, change", json=True)
    users.add_argument("action", nargs="?", choices=("list", "add", "change"), default="list")
    users.add_argument("name", nargs="?", metavar="NAME", help="operating-system user")
    users.add_argument(
        "--role", metavar="ROLE", help="analyst, reviewer, chair, authoriser, auditor, administrator …; none removes"
    )
    audit = add("audit", "people:audit", "whether the casebook's record is whole", json=True)
    audit.add_argument("action", choices=("verify", "export"), help="check the chain, or print every event")


def _service(add: Adder) -> None:
    add("schedule", "service:schedule", "run the flows on their schedules; stays up")
    retention = add("retention", "service:retention", "put away what is past its time", json=True)
    retention.add_argument("--dry-run", action="store_true", help="only say what would go")
