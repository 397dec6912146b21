"""Units of misuse calls: a caller with all of its, or one unidentified call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MEASURES = (
    "misuse_calls",
    "handling_seconds",
    "unit_seconds",
    "days_work",
    "days_work_handling",
    "month_handling_seconds",
    "month_unit_seconds",
)


@dataclass(frozen=True)
class Units:
    """The units of one window and way of counting; `values` has a column per measure."""

    values: Floats
    can_persist: Flags
    is_identified: Flags
    threshold: int

    def column(self, measure: str) -> Floats:
        return self.values[:, MEASURES.index(measure)]

    @cached_property
    def is_persistent(self) -> Flags:
        return self.can_persist & self.is_identified & (self.column("misuse_calls") >= self.threshold)

    @cached_property
    def is_below(self) -> Flags:
        """Those whom unidentified calls could lift over the threshold."""
        return self.can_persist & self.is_identified & (self.column("misuse_calls") < self.threshold)

    @cached_property
    def costs(self) -> Floats:
        """Unidentified calls that would lift each of those below."""
        return self.threshold - self.column("misuse_calls")[self.is_below]
