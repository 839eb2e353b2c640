"""The highest packet rate that loses less than one percent, by trials."""

import dataclasses
from collections.abc import Callable

LOSS_MAX = 0.01
RESOLUTION = 0.03  # Of the rate: neighbours that close are not told apart.
TRIALS_MAX = 12
FALL = 0.6  # While nothing has passed yet.


@dataclasses.dataclass(frozen=True)
class Trial:
    sent: float  # Packets a second.
    received: float

    @property
    def passes(self) -> bool:
        return self.received > (1 - LOSS_MAX) * self.sent


def best_rate(attempt: Callable[[float], Trial]) -> float:
    """`attempt(rate)` tries one rate, 0 meaning as fast as it goes. Returns the highest rate that
    was received in a trial that passed; 0 when none did.

    The flood comes first: it bounds the search from above, and what is received of it is a good
    first guess. A rate fails only when it fails twice, because a single pause of the machine costs
    more than one percent of a short trial."""
    flood = attempt(0)
    if flood.passes:
        return flood.received
    low, high, best = 0.0, flood.sent, 0.0
    rate = max(flood.received, 0.05 * flood.sent)
    for _ in range(TRIALS_MAX):
        trial = attempt(rate)
        if not trial.passes:
            trial = attempt(rate)
        if trial.passes:
            low, best = rate, max(best, trial.received)
        else:
            high = rate
        if high - low < RESOLUTION * high:
            break
        rate = (low + high) / 2 if low else FALL * high
    return best
