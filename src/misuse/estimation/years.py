"""This year against last: by how much misuse calls changed, callers being what chance draws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from misuse.estimation.interrupted import Change
from misuse.estimation.refused import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

FEWEST_CALLS = 100
_TAIL = 0.025
_LEAST_FREEDOM = 2.0


def relative_change(last: Whole, this: Whole) -> Change | Refused:
    """Calls of this year over those of last, less one, with its 95% interval on the log scale.

    `last`, `this`: calls of each caller, a call of nobody known being a caller of its own. Callers vary by chance, all
    their calls together, those of both years too: the standard error is that of resampling them, linearised, widened by
    Student's t with as many degrees of freedom as callers that it hangs on, (Σe²)² / Σe⁴.
    """
    import numpy as np
    from scipy.special import stdtrit

    before, after = int(last.sum()), int(this.sum())
    if min(before, after) < FEWEST_CALLS:
        return Refused(f"{before} misuse calls in the earlier year and {after} in the later: at least {FEWEST_CALLS}")
    squares = (this / after - last / before) ** 2
    spread = float(squares.sum())
    point = math.log(after / before)
    if spread <= 0.0:
        return Change(math.expm1(point), math.expm1(point), math.expm1(point))
    freedom = max(spread**2 / float((squares**2).sum()), _LEAST_FREEDOM)
    reach = float(stdtrit(freedom, 1.0 - _TAIL)) * math.sqrt(spread)
    return Change(*(float(np.expm1(end)) for end in (point, point - reach, point + reach)))
