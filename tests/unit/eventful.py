"""A bug whose steps are of most kinds and every pace: what its file keeps of them, what a shell script makes of them."""

from churn.lifecycle.condition import Behaviour
from churn.lifecycle.operations import (
    Crash,
    Create,
    HoldPort,
    Kill,
    Length,
    List,
    Pace,
    ReleasePort,
    RemoveContainer,
    SetBehaviour,
    Start,
    Status,
    Step,
    Stop,
    Wait,
)
from churn.lifecycle.sequence import Naming, Sequence
from churn.reproducers.file import Reproducer
from churn.session.verdict import Signature

STEPS = (
    Step(Create("a")),
    Step(Create("b"), Pace.HURRIED),
    Step(SetBehaviour("b", Behaviour.IGNORE_SIGTERM)),
    Step(Start("a"), Pace.ENGINE_ONLY),
    Step(Status("b")),
    Step(List()),
    Step(Wait(Length.LONG)),
    Step(Crash("a")),
    Step(Start("a")),
    Step(Kill("a")),
    Step(Start("a")),
    Step(RemoveContainer("a")),
    Step(HoldPort("a")),
    Step(ReleasePort("a")),
    Step(Stop("b")),
)
EVENTFUL = Reproducer(
    signature=Signature("undisturbed", "stop", "created"),
    expected="stop b: service a keeps its running container",
    seen="its container is gone",
    names=("a", "b"),
    sequence=Sequence(STEPS, Naming.PREFIX),
    defects=("stops-by-label",),
)
