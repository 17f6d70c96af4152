"""A sequence laid out as lanes: for each service what was asked, what the manager said, its containers, who has its port."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from attrs import frozen

from churn.report.pictures import Moment, Scene, Standing


@frozen
class Span:
    """So many steps in which a lane stays the same. `look` is the word that its colour goes by."""

    text: str
    look: str
    width: int


@frozen
class Lane:
    """One row: the spans of a thing that lasts, or the steps themselves where `steps` has them."""

    label: str
    kind: str
    spans: tuple[Span, ...] = ()
    steps: tuple[Moment | None, ...] = ()


@frozen
class Group:
    """The lanes of one service; of what acts on none, where `service` is empty."""

    service: str
    lanes: tuple[Lane, ...]


def groups(scene: Scene) -> tuple[Group, ...]:
    """The lanes of a sequence, service by service."""
    found = tuple(_group(name, scene.moments) for name in _services(scene))
    loose = tuple(moment if moment.service is None else None for moment in scene.moments)
    return (*found, *([Group("", (Lane("operation", "steps", steps=loose),))] if any(loose) else []))


def _services(scene: Scene) -> Iterable[str]:
    """Those of the sequence that anything was done to, or seen of, and whatever else was seen."""
    seen = (one.service for moment in scene.moments for one in moment.standing or () if one.containers or one.port)
    asked = (moment.service for moment in scene.moments if moment.service is not None)
    return sorted(dict.fromkeys([*asked, *seen]))


def _group(name: str, moments: tuple[Moment, ...]) -> Group:
    steps = tuple(moment if moment.service == name else None for moment in moments)
    stands = [_standing(name, moment) for moment in moments]
    lanes = [
        Lane("operation", "steps", steps=steps),
        Lane("the manager says", "said", _spans(stands, lambda one: (one.said, _word(one.said)))),
        *(Lane(f"container {alias}", "life", _life(alias, stands)) for alias in _aliases(stands)),
    ]
    if any(one is not None and one.port for one in stands):
        lanes.append(
            Lane("its port: who has it", "port", _spans(stands, lambda one: (one.port or "none", _holder(one))))
        )
    return Group(name, tuple(lanes))


def _standing(name: str, moment: Moment) -> Standing | None:
    """How the service stood; None where nobody looked."""
    if moment.standing is None:
        return None
    nothing = Standing(service=name, said="not in its list", containers=(), port="")
    return next((one for one in moment.standing if one.service == name), nothing)


def _aliases(stands: list[Standing | None]) -> Iterable[str]:
    return dict.fromkeys(box.alias for one in stands if one is not None for box in one.containers)


def _life(alias: str, stands: list[Standing | None]) -> tuple[Span, ...]:
    def state(one: Standing) -> tuple[str, str]:
        found = next((box.state for box in one.containers if box.alias == alias), "")
        return found, found or "gone"

    return _spans(stands, state)


def _word(said: str) -> str:
    return "silent" if said in ("not asked", "not in its list") else "word"


def _holder(one: Standing) -> str:
    if not one.port or one.port.endswith(": not looked at"):
        return "gone"
    return "free" if one.port.endswith(": free") else "held"


def _spans(stands: list[Standing | None], told: Callable[[Standing], tuple[str, str]]) -> tuple[Span, ...]:
    def values() -> Iterator[tuple[str, str]]:
        for one in stands:
            yield ("", "unseen") if one is None else told(one)

    return tuple(Span(*value, width=len(list(same))) for value, same in groupby(values()))
