"""What services are called, in the model and really."""

import itertools
import re

import pytest

from churn.lifecycle.contract import Contract
from churn.lifecycle.operations import Create, Pace, Start, Step
from churn.lifecycle.sequence import Naming, Sequence, fitting, service_names

FIFTEEN = service_names(15)
_MOST = 63
"""Letters of a DNS label, which many a manager makes of a name."""


def test_the_models_names_are_letters_then_numbers() -> None:
    assert service_names(3) == ("a", "b", "c")
    assert service_names(28)[25:] == ("z", "s26", "s27")
    assert service_names(0) == ()


@pytest.mark.parametrize("naming", Naming)
def test_no_two_services_have_the_same_real_name(naming: Naming) -> None:
    names = service_names(60)
    assert len({naming.real(name) for name in names}) == len(names)


@pytest.mark.parametrize("naming", Naming)
def test_real_names_are_what_docker_allows_for_containers(naming: Naming) -> None:
    for name in service_names(40):
        assert re.fullmatch("[a-z0-9][a-z0-9_.-]+", naming.real(name))


@pytest.mark.parametrize("naming", [Naming.PLAIN, Naming.PREFIX, Naming.LONG, Naming.REVERSED, Naming.MIXED])
def test_some_ways_of_naming_need_no_more_than_letters_digits_and_dashes(naming: Naming) -> None:
    for name in service_names(40):
        assert re.fullmatch("[a-z][a-z0-9-]+", naming.real(name))


@pytest.mark.parametrize("naming", Naming)
def test_no_real_name_is_too_long_for_a_dns_label(naming: Naming) -> None:
    assert max(len(naming.real(name)) for name in FIFTEEN) <= _MOST


def test_one_name_is_really_the_prefix_of_the_next() -> None:
    real = [Naming.PREFIX.real(name) for name in FIFTEEN]
    for shorter, longer in itertools.pairwise(real):
        assert longer.startswith(shorter)
        assert longer != shorter


def test_long_names_are_the_same_when_they_are_cut_short() -> None:
    real = [Naming.LONG.real(name) for name in FIFTEEN]
    assert len({name[:50] for name in real}) == 1
    assert min(map(len, real)) > 50


def test_reversed_names_sort_against_the_alphabet() -> None:
    names = service_names(26)
    real = [Naming.REVERSED.real(name) for name in names]
    assert sorted(real) == real[::-1]


def test_the_first_of_the_patterns_matches_the_others_and_no_other_does() -> None:
    real = [Naming.PATTERN.real(name) for name in FIFTEEN]
    matching = [(x, y) for x in real for y in real if x != y and re.fullmatch(x, y)]
    assert matching == [(real[0], other) for other in real[1:]]


def test_dotted_names_are_the_same_up_to_the_dot() -> None:
    assert {Naming.DOTTED.real(name).partition(".")[0] for name in FIFTEEN} == {"web"}


def test_underscored_names_are_the_same_in_pairs_when_underscores_are_dashes() -> None:
    real = [Naming.UNDERSCORED.real(name).replace("_", "-") for name in service_names(6)]
    assert real[::2] == real[1::2]
    assert len(set(real)) == 3


def test_numbers_are_the_same_as_numbers() -> None:
    assert len({int(Naming.NUMBERS.real(name)) for name in FIFTEEN}) == 1


def test_marked_names_are_patterns_dotted_and_underscored_at_once() -> None:
    a, b, c = (Naming.MARKED.real(name) for name in "abc")
    assert re.fullmatch(a, b)
    assert {one.partition(".")[0] for one in (a, b, c)} == {"7"}
    assert c.replace("_", "-") == b


@pytest.mark.parametrize("naming", Naming)
def test_what_is_plainer_ends_with_plain_names(naming: Naming) -> None:
    assert (Naming.PLAIN in naming.plainer) == (naming is not Naming.PLAIN)
    assert all(set(plainer.plainer) < {naming, *naming.plainer} for plainer in naming.plainer)


def test_a_manager_is_asked_for_names_only_that_it_takes() -> None:
    lowest = Contract(names="[a-z0-9-]+")
    found = fitting(Naming, ("a", "b"), lowest)
    assert {Naming.PATTERN, Naming.DOTTED, Naming.UNDERSCORED, Naming.MARKED}.isdisjoint(found)
    assert {Naming.PLAIN, Naming.PREFIX, Naming.LONG, Naming.NUMBERS} <= set(found)
    assert fitting(Naming, ("a",), Contract()) == tuple(Naming)
    assert fitting(Naming, ("a",), Contract(names="x")) == (Naming.PLAIN,)


def test_plain_names_are_told_apart_by_their_end_and_sort_with_the_alphabet() -> None:
    real = [Naming.PLAIN.real(name) for name in FIFTEEN]
    assert sorted(real) == real
    assert not [(x, y) for x in real for y in real if x != y and y.startswith(x)]


def test_a_sequence_reads_as_its_steps() -> None:
    sequence = Sequence((Step(Create("a")), Step(Start("a"), Pace.HURRIED)))
    assert str(sequence) == "create a; start a (hurried)"
    assert sequence.naming is Naming.PLAIN
