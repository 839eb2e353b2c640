"""What a case is, and the demands that cases make."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator

from ike import wire
from ike.session import Failure
from ike.wire import Message, Note, Payload


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # group.function
    clause: str  # RFC and section, or the class of a CVE.
    sentence: str
    run: Callable
    is_fresh: bool  # Wants a daemon that nobody has talked to.


CASES: dict[str, Case] = {}


def case(clause: str, sentence: str, fresh: bool = False) -> Callable[[Callable], Callable]:
    """Registers a function of one scene as the case `module.function`."""

    def register(function: Callable) -> Callable:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        if name in CASES:
            raise ValueError(f"two cases are called {name}")
        CASES[name] = Case(name, clause, sentence, function, fresh)
        return function

    return register


# --- Demands ---


def demand(condition: object, text: str) -> None:
    if not condition:
        raise Failure(text)


def demand_notify(payloads: list[Payload], kind: Note) -> wire.Notice:
    """The answer is this error and nothing else."""
    found = wire.notices(payloads)
    demand(
        len(payloads) == 1 and len(found) == 1 and found[0].type == kind,
        f"expected only {kind.name}, got [{wire.describe(payloads)}]",
    )
    return found[0]


def demand_holds(payloads: list[Payload], *kinds: int) -> None:
    missing = [wire.Type(kind).name for kind in kinds if wire.find(payloads, kind) is None]
    demand(not missing, f"[{wire.describe(payloads)}] lacks {missing}")


def demand_silence(messages: Iterable[Message]) -> None:
    found = [str(message) for message in messages]
    demand(not found, f"expected no answer, got {found}")


def demand_single(messages: list[Message]) -> Message:
    demand(len(messages) == 1, f"expected one answer, got {[str(m) for m in messages]}")
    return messages[0]


def demand_same(before: object, after: object, what: str) -> None:
    demand(before == after, f"{what} changed:\n{before}\nbecame\n{after}")


def demand_error(payloads: list[Payload], *kinds: Note) -> None:
    """The answer is one of these errors, alone."""
    found = wire.notices(payloads)
    demand(
        len(payloads) == 1 and len(found) == 1 and found[0].type in kinds,
        f"expected one of {[kind.name for kind in kinds]}, got [{wire.describe(payloads)}]",
    )


def demand_counted(before: dict[str, int], after: dict[str, int], reason: str, count: int) -> None:
    rise = after[reason] - before[reason]
    demand(rise >= count, f"{reason} rose by {rise} and not by {count}")


@contextlib.contextmanager
def nothing_opened(scene, peer) -> Iterator[None]:
    """The daemon has no SA with this peer afterwards that it did not have before."""
    before = {(sa.spi_i, sa.spi_r) for sa in scene.sas(peer)}
    yield
    fresh = [sa.text for sa in scene.sas(peer) if (sa.spi_i, sa.spi_r) not in before]
    demand(not fresh, f"an SA was opened: {fresh}")
