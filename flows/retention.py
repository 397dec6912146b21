"""What is kept no longer than it must be, every week."""

from prefect import flow

from flows.steps import alone, retain


@flow(name="retention", persist_result=False)
@alone("retention")
def retention() -> None:
    """Each kind of thing that is past its time goes, as misuse.retention has them; the casebook says how many."""
    retain()
