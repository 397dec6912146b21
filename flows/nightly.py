"""Inbox to published list, every night."""

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.steps import alone, begin, finish, recorded, skipped, step, take_inbox
from misuse import pipeline


@flow(name="nightly", persist_result=False)
@alone("nightly")
def nightly(as_of: date | None = None) -> State[Any] | None:
    """Everything new, at the latest as-of: the steps in order. After missed nights one run makes them all up."""
    with recorded() as run:
        take_inbox()
        run.id = begin(as_of)
        if not run.id:
            return skipped("nothing new has come in")
        for name in pipeline.STEPS:
            step(run.id, name)
        finish(run.id)
    return None
