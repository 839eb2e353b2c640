"""From what was seen to figures. Pure."""

import statistics
from collections.abc import Sequence


def ratio_of_medians(many: Sequence[float], one: Sequence[float]) -> float:
    return statistics.median(many) / statistics.median(one)


def spread_of_ratios(many: Sequence[float], one: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest of neighbours in time."""
    ratios = [a / b for a, b in zip(many, one)]
    return min(ratios), max(ratios)


def uneven(counts: Sequence[int]) -> float:
    """How far the worker that is farthest from a fair share is from it, by that share: 0 is
    even, and with one of n workers doing everything it is n - 1."""
    fair = sum(counts) / len(counts)
    return max(abs(count / fair - 1) for count in counts) if fair else 0.0


def gained(before: Sequence[dict], after: Sequence[dict], name: str) -> list[int]:
    """How much a counter of each worker grew."""
    return [later[name] - earlier[name] for earlier, later in zip(before, after)]
