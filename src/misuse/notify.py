"""One line to whoever watches: the notification hook, a command that gets the line on its standard input.

The hook may carry the line off the machine, so it gets nothing else: no key from the environment, no caller's
pseudonym, no number.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

from misuse.settings import Settings

LIMIT_SECONDS = 30.0
LONGEST_LINE = 500
# A hook starts from this alone; whatever else it needs it sets itself.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

URGENT_STOP = "URGENT  a stop was entered that is to be looked at tonight → misuse look"

# Nothing here should ever be in a line; what looks like a caller or a number is struck out all the same.
_IDENTIFYING = re.compile(
    r"\bc[0-9a-f]{16}\b"  # a caller's pseudonym
    r"|\bK-[0-9A-F]{10}\b"  # a case
    r"|(?<![\w-])(?:\+|00|0|44)(?:[ -]?\d){9,13}(?![\w-])"  # a telephone number
)


def notify(settings: Settings, line: str, *, limit_seconds: float = LIMIT_SECONDS) -> str:
    """Hand the line to the hook. Empty when that went well or no hook is set, else what went wrong, in words."""
    if not settings.notification_hook.strip():
        return ""
    try:
        words = shlex.split(settings.notification_hook)
    except ValueError:
        return "the notification hook is not a command: its quotes do not close → mend settings.notification_hook"
    try:
        return _run(words, one_line(line), settings.home, limit_seconds)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return f"the notification hook could not be started ({reason}) → mend settings.notification_hook"


def one_line(text: str) -> str:
    """The text as one line of bounded length, with anything that looks like a caller struck out."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    mild = _IDENTIFYING.sub("[withheld]", flat)
    return mild if len(mild) <= LONGEST_LINE else mild[: LONGEST_LINE - 1] + "…"


def _run(words: list[str], line: str, home: Path, limit_seconds: float) -> str:
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd=home if home.is_dir() else None,
        start_new_session=True,
    ) as process:
        try:
            process.communicate((line + "\n").encode(), timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return f"the notification hook took over {limit_seconds:.0f} s and was ended → mend or shorten it"
    if process.returncode:
        return f"the notification hook ended with code {process.returncode} → run it by hand with a line to read"
    return ""
