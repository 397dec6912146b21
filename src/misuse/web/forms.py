"""Fields of forms, as pages describe them and templates draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from misuse.errors import InputError, UsageError
from misuse.web.visits import Page, Visit


class Missing(UsageError):
    """A field of a form that was left empty, or says nothing sensible."""

    def __init__(self, field: str, message: str, *, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.field = field


@dataclass(frozen=True)
class Field:
    """One field. `kind`: text, password, area, date, number, choice, radios, checks or hidden."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    value: Any = ""
    choices: Sequence[tuple[str, str]] = ()
    is_required: bool = True
    autocomplete: str = ""
    rows: int = 4


def reason(hint: str = "Kept with your name in the casebook. Name nobody here.") -> Field:
    """The field that asks why."""
    return Field("reason", "Reason", "area", hint, rows=3)


def page(visit: Visit, title: str, fields: Sequence[Field], *, action: str, button: str, **more: Any) -> Page:
    """A page that is one form, with what was sent where it is shown again.

    `more` may be: back (where from), back_text, caption, intro (sentences), warning, danger (the button is red).
    """
    values = {"title": title, "fields": filled(visit, fields), "action": action, "button": button}
    return Page("form.html", {**values, **more, "problem": visit.problem})


def of_case(
    visit: Visit, title: str, fields: Sequence[Field], act: str, *, button: str, part: str = "", **more: Any
) -> Page:
    """The form of an act on the case of the address; back leads to the case, or to a `part` of its page. `more` as `page`."""
    ref = visit.path["ref"]
    kept = {"caption": f"Case {ref}", "back": f"/cases/{ref}" + (f"#{part}" if part else "")}
    return page(visit, title, fields, action=f"/cases/{ref}/{act}", button=button, **(kept | more))


def filled(visit: Visit, fields: Sequence[Field]) -> list[Field]:
    """The fields with what was sent, where a form is shown again; passwords come back empty."""
    if visit.problem is None:
        return list(fields)
    return [field if field.kind in ("password", "hidden") else _refilled(visit, field) for field in fields]


def _refilled(visit: Visit, field: Field) -> Field:
    sent: Any = visit.form.many(field.name) if field.kind == "checks" else visit.form.text(field.name)
    return replace(field, value=sent)


def needed(visit: Visit, name: str, what: str) -> str:
    """A field's text. Errors: Missing where it was left empty, saying what to write."""
    text = visit.form.text(name)
    if not text:
        raise Missing(name, what)
    return text


def numbered(text: str, back_to: str) -> int:
    """A number in an address. Errors: InputError for what is none, or beyond all sense."""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise InputError("there is nothing of that number", next_step=f"go back to {back_to}")
    return int(text)


def valued(field: Field, value: Any) -> Field:
    """The field with a value to begin with; a list has a line each."""
    if value is None:
        return field
    return replace(field, value="\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
