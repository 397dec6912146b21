"""The command line: words to calls, errors to exit codes. Progress and errors go to standard error, data to standard output."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

from misuse import settings as settings_module
from misuse import wording
from misuse.cli.parser import make_parser
from misuse.errors import MisuseError, ResourceError, is_out_of_room, of_the_disk

INTERRUPTED = 130


def run_command(arguments: Sequence[str], environ: MutableMapping[str, str]) -> int:
    """Run one command and return its exit code; docs/analysts.md says what each means."""
    for name, value in settings_module.QUIET_ENVIRONMENT.items():
        environ.setdefault(name, value)
    os.umask(0o077)
    # What a terminal of few letters cannot show is spelt out, and fails nothing.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    parser = make_parser()
    try:
        options, left = parser.parse_known_args(list(arguments))
        if left:
            parser.error(_too_many(left))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    if not getattr(options, "run", None):
        parser.print_help()
        return 2
    try:
        return _dispatch(options, environ)
    except MisuseError as error:
        print(f"misuse: {wording.inert(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("misuse: interrupted; nothing half-done was left in", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left; that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last door: a person gets words, never a traceback
        return _unexpected(error, environ)


def _too_many(words: Sequence[str]) -> str:
    """What is said of words that no command takes; the words are not, being perhaps half of a name or a number."""
    options = [word.partition("=")[0] for word in words]
    strange = [option for option in options if re.fullmatch(r"--[a-z][a-z-]*|-[a-z]", option)]
    if strange:
        return f"there is no option {', '.join(strange)} here"
    count = "a word" if len(words) == 1 else f"{len(words)} words"
    return f"{count} too many: put quotes around what belongs together"


def _dispatch(options: object, environ: Mapping[str, str]) -> int:
    from misuse.cli.context import Context

    module_name, _, function_name = getattr(options, "run").partition(":")  # noqa: B009 - set by the parser
    context = Context.make(options, environ, settings_module.working_directory())
    command = getattr(importlib.import_module(f"misuse.cli.{module_name}"), function_name)
    return int(command(context) or 0)


def _unexpected(error: Exception, environ: Mapping[str, str]) -> int:
    """A fault of ours or of the machine: said in our words, since an engine's can quote a row."""
    if is_out_of_room(error):
        print("misuse: out of disk or memory\n  Next: free some, or raise settings.memory_limit", file=sys.stderr)
        return ResourceError.exit_code
    if refused := of_the_disk(error):
        print(f"misuse: {refused}", file=sys.stderr)
        return refused.exit_code
    if environ.get("MISUSE_DEBUG"):
        raise error
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "unknown"
    print(
        f"misuse: a fault of the program ({type(error).__name__} at {place}); what was published stands\n"
        "  Next: run it again with MISUSE_DEBUG=1 on data that may be shown, and report the trace",
        file=sys.stderr,
    )
    return 1
