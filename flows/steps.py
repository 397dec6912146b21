"""The pipeline's steps as Prefect tasks, and what every flow does round them.

A task takes a run id and a step's name, and gives back a run id or a name at most: nothing of a call's reaches
Prefect's database, its logs or its messages, whatever goes wrong.
"""

# Prefect resolves the annotations of tasks when they are made, so they are not put off here.
import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, ParamSpec

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows import surroundings
from misuse import cycle, notify, pipeline, published_callers, retention
from misuse.errors import LockHeld, MisuseError

P = ParamSpec("P")


class UnforeseenError(MisuseError):
    """Another library's error, of which only the kind and the place are told."""


def skipped(why: str) -> State[Any]:
    """A run that had nothing to do: done, and said to be."""
    return Completed(name="Skipped", message=why)


def alone(name: str) -> Callable[[Callable[P, State[Any] | None]], Callable[P, State[Any] | None]]:
    """A flow that writes: holds the writer lock throughout, ends quietly if another does, says when it fails."""

    def decorate(body: Callable[P, State[Any] | None]) -> Callable[P, State[Any] | None]:
        @functools.wraps(body)
        def held(*args: P.args, **kwargs: P.kwargs) -> State[Any] | None:
            settings = surroundings.settings()
            with told(name), ExitStack() as holding:
                try:
                    holding.enter_context(pipeline.writer(settings))
                except LockHeld:
                    return skipped("another run is writing")
                return body(*args, **kwargs)  # a store that is held in the middle of it is a failure like any other

        return held

    return decorate


@contextmanager
def told(name: str) -> Iterator[None]:
    """A failure goes to the notification hook, in one line with its cause and a command."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # raised again, in our own words
        mild = guarded(error)
        tell(f"FAILED  {name}  {mild.message} → {mild.next_step or 'misuse status'}")
        raise mild from None


def tell(line: str) -> None:
    """One line to the notification hook; a hook that fails is only logged."""
    said = notify.notify(surroundings.settings(), line)
    if said:
        get_run_logger().warning(said)


@dataclass
class Run:
    """The run that a flow has in hand; without an id until it has begun."""

    id: str = ""


@contextmanager
def recorded() -> Iterator[Run]:
    """A failure goes to the run ledger and to last_run.json, from where `misuse status` tells it."""
    run = Run()
    try:
        yield run
    except BaseException as error:
        try:
            pipeline.fail(surroundings.settings(), run.id, error, surroundings.now())
        except Exception as another:  # noqa: BLE001  # the first error is the one to tell
            get_run_logger().warning(f"the failure could not be recorded: {guarded(another).message}")
        raise


def guarded(error: Exception) -> MisuseError:
    """The error as it may be shown: another library's message may quote a row, so only its kind and place stay."""
    if isinstance(error, MisuseError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/misuse/" in frame.filename.replace("\\", "/")] or frames[-1:]
    place = f"{ours[-1].filename.rsplit('/', 1)[-1]}:{ours[-1].lineno}" if ours else "an unknown place"
    return UnforeseenError(f"{type(error).__name__} at {place}", next_step="misuse run, which repeats it in the open")


@contextmanager
def _quiet() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001  # raised again, in our own words
        raise guarded(error) from None


def _may_pass(_task: object, _run: object, state: State[Any]) -> bool:
    """Whether trying again may help: not where the pipeline itself said what is wrong."""
    failure = state.result(raise_on_failure=False)
    return isinstance(failure, UnforeseenError)


@task(cache_policy=NO_CACHE, persist_result=False, retries=2, retry_delay_seconds=60, retry_condition_fn=_may_pass)
def take_inbox() -> int:
    """Files taken in. One that could not be is told, stays in the inbox, and keeps no other out."""
    with _quiet():
        settings = surroundings.settings()
        outcomes, errors = pipeline.take_inbox(settings, surroundings.now(), surroundings.ACTOR)
    for error in errors:
        tell(f"LEFT    inbox  {error.message} → {error.next_step or 'misuse status'}")
    return len(outcomes)


@task(cache_policy=NO_CACHE, persist_result=False)
def begin(as_of: date | None) -> str:
    """Open a run; an empty id when there is nothing to do."""
    with _quiet():
        return pipeline.begin(surroundings.settings(), as_of, surroundings.now())


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="{name}")
def step(run_id: str, name: str) -> None:
    """One step of the run."""
    with _quiet():
        pipeline.step(surroundings.settings(), run_id, name, surroundings.now())


@task(cache_policy=NO_CACHE, persist_result=False)
def finish(run_id: str) -> None:
    """Close the run, and tell how many of the look list cannot wait for the morning."""
    with _quiet():
        pipeline.finish(surroundings.settings(), run_id, surroundings.now())
        line = published_callers.urgent_line(surroundings.settings())
    if line:
        tell(line)


@task(cache_policy=NO_CACHE, persist_result=False)
def freeze() -> str:
    """Freeze the published list for the meeting; empty while the cycle has days to go."""
    with _quiet():
        settings, now = surroundings.settings(), surroundings.now()
        return pipeline.freeze_list(settings, now, surroundings.ACTOR) if cycle.is_due(settings, now) else ""


@task(cache_policy=NO_CACHE, persist_result=False)
def retain() -> None:
    """Remove what is past its time."""
    with _quiet():
        retention.retain(surroundings.settings(), surroundings.now())
