"""The acceptance scenario: five starts and stops in a row, at each pace and under each naming scheme."""

import pytest

from churn.explore.scenarios import cycles
from churn.lifecycle.operations import Pace
from churn.lifecycle.sequence import Naming
from churn.session.session import Session


@pytest.mark.parametrize("pace", list(Pace))
@pytest.mark.parametrize("naming", list(Naming))
def test_five_cycles_leave_nothing_to_object_to(churn_session: Session, pace: Pace, naming: Naming) -> None:
    churn_session.run("five-cycle", ("a",), cycles(5, pace=pace, naming=naming))

    service = churn_session.state.services["a"]
    containers = churn_session.state.seen
    assert service.container is None
    assert service.port is not None
    assert len(containers) == 5
