"""Freezing the list for the coordination group's meeting, once a cycle."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.steps import alone, freeze, skipped


@flow(name="tasking_cycle", persist_result=False)
@alone("tasking_cycle")
def tasking_cycle() -> State[Any] | None:
    """The published list as it stands becomes the meeting's."""
    if not freeze():
        return skipped("the cycle has not come round yet")
    return None
