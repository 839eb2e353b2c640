"""How the packets of one tunnel spread over the workers of its gateways."""

import dataclasses
import time

from lab.process import LabError
from scaling.figures import gained, uneven
from scaling.gateways import GatewayPair
from scaling.streams import Load, pass_stream

FLOWS = 64
# A peer may make the SAs of further resources only once there is traffic for them.
WARM_UP = Load(rate=5_000, seconds=2, flows=FLOWS, step=1)
# In `data_plane` of status: what each worker did.
TOTALS, SEALED, OPENED = "worker_totals", "sealed_packets", "opened_packets"


@dataclasses.dataclass(frozen=True)
class Spread:
    workers: int
    # Of packets sealed at the one gateway and of those opened at the other, in both directions.
    shares: list[list[int]]
    reordered: int
    lost: float

    @property
    def worst(self) -> float:
        return max(uneven(counts) for counts in self.shares)


def measure_spread(pair: GatewayPair, rate: float, seconds: float) -> Spread:
    shares, reordered, lost = [], 0, []
    for reverse in (False, True):
        pass_stream(pair, WARM_UP, reverse)
        time.sleep(0.5)
        before = [counters(end.status()) for end in pair.ends]
        load = Load(rate=rate, seconds=seconds, flows=FLOWS, step=1)
        passed = pass_stream(pair, load, reverse)
        after = [counters(end.status()) for end in pair.ends]
        sender, receiver = (1, 0) if reverse else (0, 1)
        shares.append(gained(before[sender], after[sender], SEALED))
        shares.append(gained(before[receiver], after[receiver], OPENED))
        reordered += passed.reordered
        lost.append(passed.lost)
    return Spread(len(shares[0]), shares, reordered, max(lost))


def counters(status: dict) -> list[dict]:
    totals = status["data_plane"].get(TOTALS)
    if totals is None:
        raise LabError("this twinspand does not say what each of its workers did")
    return totals
