"""What is kept no longer than it must be, every week."""

from prefect import flow

from flows.steps import alone, retain


@flow(name="retention", persist_result=False)
@alone("retention")
def retention() -> None:
    """Old copies, old reports, old scratch files and rejected rows go; the casebook says how many."""
    retain()
