"""What services are called, in the model and really."""

import itertools

import pytest

from churn.lifecycle.operations import Create, Pace, Start, Step
from churn.lifecycle.sequence import Naming, Sequence, service_names

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
def test_real_names_are_letters_digits_and_dashes_that_begin_with_a_letter(naming: Naming) -> None:
    for name in service_names(40):
        real = naming.real(name)
        assert real[0].isalpha()
        assert set(real) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


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


def test_plain_names_are_told_apart_by_their_end_and_sort_with_the_alphabet() -> None:
    real = [Naming.PLAIN.real(name) for name in FIFTEEN]
    assert sorted(real) == real
    assert not [(x, y) for x in real for y in real if x != y and y.startswith(x)]


def test_a_sequence_reads_as_its_steps() -> None:
    sequence = Sequence((Step(Create("a")), Step(Start("a"), Pace.HURRIED)))
    assert str(sequence) == "create a; start a (hurried)"
    assert sequence.naming is Naming.PLAIN
