"""Whatever has a name that a user meets can be explained, and nothing is explained by silence."""

from pathlib import Path

import pytest
from attrs import fields

import churn
from churn.cli.guide import TOPICS, page
from churn.errors import UsageError
from churn.explain import Meaning, Sort, explained, meanings
from churn.lifecycle.contract import Bounds, Contract, SecondStart
from churn.lifecycle.invariants import INVARIANTS
from churn.lifecycle.operations import KINDS as OPERATIONS, Pace
from churn.lifecycle.sequence import Naming
from churn.system.faults import KINDS as FAULTS
from churn.system.managers.defects import DEFECTS

NAMES: dict[Sort, list[str]] = {
    Sort.INVARIANT: [invariant.name for invariant in INVARIANTS],
    Sort.OPERATION: list(OPERATIONS),
    Sort.CONTRACT_KEY: [field.name for field in fields(Contract) if field.name != "bounds"]
    + [f"bounds.{field.name}" for field in fields(Bounds)],
    Sort.PACE: [pace.value for pace in Pace],
    Sort.NAMING: [naming.value for naming in Naming],
    Sort.DEFECT: list(DEFECTS),
    Sort.ENGINE_FAULT: list(FAULTS),
}
ALL = [(sort, name) for sort, names in NAMES.items() for name in names]


def the(sort: Sort, name: str) -> Meaning:
    return next(meaning for meaning in explained(name) if meaning.sort is sort)


def fact(meaning: Meaning, heading: str) -> str:
    return dict(meaning.facts)[heading]


@pytest.mark.parametrize("sort", Sort)
def test_all_of_a_sort_are_explained_in_their_order(sort: Sort) -> None:
    assert [meaning.name for meaning in meanings() if meaning.sort is sort] == NAMES[sort]


@pytest.mark.parametrize(("sort", "name"), ALL, ids=lambda value: value.value if isinstance(value, Sort) else value)
def test_nothing_is_without_words(sort: Sort, name: str) -> None:
    found = the(sort, name)
    assert len(found.says.split()) >= 3
    assert found.says[0].isupper()
    assert found.says.endswith(".")
    assert found.facts
    assert all(heading and line for heading, line in found.facts)


def test_an_invariant_is_told_with_its_criterion_its_severity_and_its_advice() -> None:
    found = the(Sort.INVARIANT, "undisturbed")
    assert found.says == "An operation on one service leaves the container and port of every other alone."
    assert fact(found, "success criterion") == "3, The status is right after each operation"
    assert fact(found, "severity") == "critical: it harms something that nobody asked to be touched"
    assert fact(found, "likely cause").startswith("containers are chosen by")
    assert fact(found, "usual fix").startswith("choose a container by")


def test_an_operation_is_told_with_who_carries_it_out_and_what_it_may_be() -> None:
    start, behave = the(Sort.OPERATION, "start"), the(Sort.OPERATION, "set-behaviour")
    assert (fact(start, "carried out by"), fact(start, "a fault")) == ("the manager", "no")
    assert fact(behave, "carried out by").startswith("Churn itself")
    assert fact(behave, "a fault").startswith("yes")
    assert "`ignore-sigterm`" in fact(behave, "how")
    assert "`set-behaviour a crash`" in fact(behave, "written")
    assert fact(the(Sort.OPERATION, "restart-engine"), "how") == "`plain` (they end); `live` (they run on)"


def test_a_contract_key_is_told_with_what_is_usual_and_allowed() -> None:
    found = the(Sort.CONTRACT_KEY, "second_start")
    assert found.says.startswith("A start of a running service: an error, success without effect, ")
    assert fact(found, "default") == f"`{Contract().second_start.value}`"
    allowed = fact(found, "allowed")
    assert [allowed.index(f"`{reply.value}` (the manager ") for reply in SecondStart] == sorted(
        allowed.index(f"`{reply.value}`") for reply in SecondStart
    )
    assert fact(the(Sort.CONTRACT_KEY, "bounds.settling"), "default") == f"{Bounds().settling:g} seconds"
    assert fact(the(Sort.CONTRACT_KEY, "labels"), "default") == "none"
    assert fact(the(Sort.CONTRACT_KEY, "obedient"), "default") == "`true`"
    assert "`operation` (at the next operation)" in fact(the(Sort.CONTRACT_KEY, "death_noticed"), "allowed")


def test_a_naming_is_told_by_what_it_shows_and_by_its_names() -> None:
    assert len({the(Sort.NAMING, naming.value).says for naming in Naming}) == len(Naming)
    assert fact(the(Sort.NAMING, "prefix"), "services a, b, c are called") == "`web`, `web1`, `web11`"


def test_a_defect_is_told_with_what_it_stands_for() -> None:
    found = the(Sort.DEFECT, "removes-others")
    assert found.says.startswith(DEFECTS["removes-others"].symptom)
    assert "Stands for" not in found.says
    assert fact(found, "stands for") == DEFECTS["removes-others"].stands_for


def test_a_fault_is_told_with_its_settings_and_whether_it_is_drawn() -> None:
    hang, killed = the(Sort.ENGINE_FAULT, "hang"), the(Sort.ENGINE_FAULT, "oom-kill")
    assert "changes a container" in fact(hang, "setting `call`")
    assert fact(killed, "setting `container`").endswith("(needed)")
    told = [(heading, line) for kind in FAULTS for heading, line in the(Sort.ENGINE_FAULT, kind).facts]
    assert all(line[0].isalpha() for heading, line in told if heading.startswith("setting"))
    assert fact(hang, "in random sequences").startswith("yes")
    assert fact(killed, "in random sequences").startswith("not")


def test_a_name_of_several_sorts_is_told_for_each() -> None:
    assert [meaning.sort for meaning in explained("status")] == [Sort.INVARIANT, Sort.OPERATION]
    assert [meaning.sort for meaning in explained("name-conflict")] == [Sort.DEFECT, Sort.ENGINE_FAULT]


@pytest.mark.parametrize("name", ["second_start", "second-start", "Second_Start"])
def test_case_and_dashes_make_no_difference(name: str) -> None:
    assert [meaning.name for meaning in explained(name)] == ["second_start"]


def test_a_class_is_found_by_its_name() -> None:
    assert [meaning.name for meaning in explained("SetBehaviour")] == ["set-behaviour"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("undisturbd", "did you mean undisturbed"), ("settling", "bounds.settling"), ("xyzzy", "`churn explain` lists")],
)
def test_an_unknown_name_is_refused_with_what_may_have_been_meant(name: str, told: str) -> None:
    with pytest.raises(UsageError, match=f"expected a name that can be explained, got '{name}'; .*{told}"):
        explained(name)


# -- the pages of the guide -------------------------------------------------------------------------------------------

FOLDER = Path(churn.__file__).parent / "guide"


def test_every_page_is_a_topic_and_every_topic_a_page() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{topic}.md" for topic in TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_begins_with_its_title_and_says_something(topic: str) -> None:
    title, *rest = page(topic).splitlines()
    assert title.startswith("# ")
    assert len(rest) > 10
