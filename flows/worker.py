"""Fires the flows at their hours, one at a time, until it is stopped: `python -m flows.worker`."""

from __future__ import annotations

from typing import Any

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import Flow
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows import surroundings
from flows.nightly import nightly
from flows.retention import retention
from flows.tasking_cycle import tasking_cycle
from misuse.settings import Settings


def deployments(settings: Settings) -> list[RunnerDeployment]:
    """Each flow with its cron line in the reporting zone; without one it is served and never fires."""
    plan = settings.schedule
    lines: list[tuple[Flow[..., Any], str]] = [
        (nightly, plan.nightly),
        (tasking_cycle, plan.tasking_cycle),
        (retention, plan.retention),
    ]
    return [deployment(flow, line, settings.reporting_zone) for flow, line in lines]


def deployment(flow: Flow[..., Any], line: str, zone: str) -> RunnerDeployment:
    """One flow under its own name."""
    schedule = Cron(line, timezone=zone) if line else None
    made = flow.to_deployment(name=flow.name, schedule=schedule, entrypoint_type=EntrypointType.MODULE_PATH)
    assert isinstance(made, RunnerDeployment)  # noqa: S101  # outside an event loop it is never a coroutine
    return made


def main() -> None:
    """Register the three and wait for their hours."""
    plan = deployments(surroundings.settings())
    serve(*plan, limit=1, pause_on_shutdown=False, print_starting_message=False)


if __name__ == "__main__":
    main()
