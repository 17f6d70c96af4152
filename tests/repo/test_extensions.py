"""Nothing is added by halves: an operation, an invariant, a defect or a fault has everywhere what belongs to it.

Each message says what is missing, and in which file it belongs. `churn guide extending` has the whole list in order.
"""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import chain, groupby, product
from pathlib import Path
from pkgutil import iter_modules

import pytest
from attrs import fields_dict

import churn
import churn.lifecycle.invariants
import churn.system.faults
import churn.system.managers.defects
from churn.cli.reference import reference
from churn.errors import UsageError
from churn.explore.drawing import choices
from churn.lifecycle import transitions
from churn.lifecycle.contract import Bounds
from churn.lifecycle.invariants import INVARIANTS, Invariant, Show
from churn.lifecycle.invariants.order import IN_SOME_ORDER
from churn.lifecycle.operations import (
    CLIENTS,
    ENGINE_FAULTS,
    INTERRUPTS,
    KINDS,
    OFFERED,
    Create,
    Disturb,
    Operation,
    Pace,
    Start,
    Step,
    Stop,
    Together,
    Update,
    Wait,
    clashing,
)
from churn.lifecycle.operations.faults import Disturbance
from churn.lifecycle.sequence import Naming, Sequence, service_names
from churn.lifecycle.transitions import RULES
from churn.report.code import as_code
from churn.reproducers.file import Reproducer, as_data, load
from churn.reproducers.lines import BEYOND, LINES
from churn.reproducers.shell import MANAGERS as SHELLS
from churn.session.failing import Failing
from churn.session.faults import LASTING, STRIKES
from churn.session.fingerprint import Fingerprint
from churn.session.showing import COMMANDS
from churn.session.system import REQUESTS
from churn.session.verdict import Signature
from churn.shrink.candidates import candidates
from churn.system.faults import KINDS as FAULTS
from churn.system.managers.aima import settings as aima
from churn.system.managers.aima.driver import Aima
from churn.system.managers.command import CommandManager
from churn.system.managers.command.description import OPERATIONS as DESCRIBED
from churn.system.managers.defects import DEFECTS
from churn.system.managers.reference import Embedded, ReferenceManager
from churn.system.managers.reference.program import ReferenceProgram
from churn.system.protocols import Manager

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "model" / "churn" / "reproducers" / "templates"
ALL_OFFERS = (
    OFFERED | CLIENTS | ENGINE_FAULTS | INTERRUPTS | {"restart-manager", *(one.needs for one in Update.each(("a",)))}
)
EVERY_KIND = tuple(KINDS.values())
each_kind = pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.kind)


def _kinds(cls: type[Operation] = Operation) -> Iterator[type[Operation]]:
    """Every class below it that has a word of its own, of the project's own."""
    for sub in cls.__subclasses__():
        if sub.kind and sub.__module__.startswith("churn."):
            yield sub
        yield from _kinds(sub)


def _some(kind: type[Operation]) -> Operation:
    return next(iter(kind.each(("a",))))


# -- operations -------------------------------------------------------------------------------------------------------


def test_every_operation_is_registered() -> None:
    missing = [cls.__name__ for cls in _kinds() if KINDS.get(cls.kind) is not cls]
    assert not missing, f"lifecycle/operations/__init__.py: _ALL lacks {missing}"


def test_the_operations_of_a_family_stand_together() -> None:
    families = [family.value for family, _ in groupby(KINDS.values(), key=lambda kind: kind.family)]
    assert len(families) == len(set(families)), f"lifecycle/operations/__init__.py: _ALL mixes families: {families}"


@each_kind
def test_an_operation_says_what_it_is_and_which_there_are_of_it(kind: type[Operation]) -> None:
    assert inspect.getdoc(kind), f"{kind.__name__}: a docstring says what it does; `churn explain {kind.kind}` shows it"
    for operation in kind.each(("a", "b")):
        assert type(operation) is kind
        assert str(operation).split()[0] == kind.kind


@each_kind
def test_the_model_has_a_rule_for_it_and_a_line_in_its_table(kind: type[Operation]) -> None:
    assert kind in RULES, f"lifecycle/transitions.py: RULES lacks {kind.__name__}: what may follow it is not said"
    assert re.search(rf"\b{kind.__name__}\b", transitions.__doc__ or ""), (
        f"lifecycle/transitions.py: the table in its docstring has no line for {kind.__name__}"
    )


@each_kind
def test_it_is_carried_out(kind: type[Operation]) -> None:
    carried = kind in REQUESTS or kind in STRIKES or kind in (Update, Wait, Together)
    assert carried, (
        f"nobody carries {kind.kind} out: session/system.py REQUESTS, or session/faults.py STRIKES, lacks it"
    )


@each_kind
def test_what_is_asked_of_a_manager_is_bounded_and_every_manager_can_be_asked(kind: type[Operation]) -> None:
    if not kind.manager or kind is Together:  # each operation of its lanes is bounded
        return
    lacking = list(_lacking(kind.kind))
    assert not lacking, "; ".join(lacking)


def _lacking(word: str) -> Iterator[str]:
    if word not in fields_dict(Bounds):
        yield f"lifecycle/contract.py: Bounds has no seconds for {word}"
    for cls in (Manager, Embedded, ReferenceProgram, CommandManager, Aima):
        if word not in vars(cls):
            file = cls.__module__.removeprefix("churn.").replace(".", "/")
            yield f"{file}.py: {cls.__name__} has no method {word}"
    if word not in DESCRIBED:
        yield f"system/managers/command/description.py: OPERATIONS lacks {word!r}"
    if word not in reference.commands:
        yield f"cli/reference.py: there is no command `churn reference {word}`"


def test_a_manager_offers_what_it_is_programmed_for_and_no_more() -> None:
    """The default is whatever there is: with it, AIMA would be asked for the next operation that somebody adds."""
    tree = ast.parse(inspect.getsource(aima.contract_for))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Contract"]
    named = {keyword.arg for call in calls for keyword in call.keywords}
    assert "offers" in named, "system/managers/aima/settings.py: contract_for does not name the operations it `offers`"


@each_kind
def test_what_changes_containers_is_asked_of_the_manager(kind: type[Operation]) -> None:
    assert kind.manager or not kind.changes_containers, (
        f"{kind.__name__}: changes_containers is for what the manager does; it has manager = False"
    )


@each_kind
def test_it_is_drawn(kind: type[Operation]) -> None:
    drawn = (*choices(("a",), ALL_OFFERS, faults=True), *clashing(("a",), ALL_OFFERS))
    assert any(type(one) is kind for one in drawn), (
        f"{kind.kind} is never drawn: its each() or its weight gives nothing"
    )


@each_kind
def test_shrinking_leaves_it_out(kind: type[Operation]) -> None:
    assert kind in RULES, (
        f"lifecycle/transitions.py: RULES lacks {kind.__name__}: shrinking cannot foresee what it does"
    )
    operation = _some(kind)
    steps = (Create("a"), Start("a"), Start("a"), operation, Stop("a"), Start("a"), Stop("a"))
    looks = Fingerprint(Signature("no-orphans", "stop", "running"), "", "")  # type: ignore[arg-type]  # it is converted
    failing = Failing(("a",), Sequence(tuple(map(Step, steps))), looks)
    shorter = [[step.operation for step in sequence.steps] for _, sequence in candidates(failing, _contract())]
    assert any(one.count(operation) < steps.count(operation) for one in shorter), f"no candidate leaves {operation} out"
    for milder in operation.milder:
        assert type(milder) in EVERY_KIND, f"{kind.__name__}.milder gives {milder}, which is no operation"


def _contract() -> churn.lifecycle.contract.Contract:
    return churn.lifecycle.contract.Contract(offers=ALL_OFFERS)


@each_kind
def test_it_is_kept_and_read_again(kind: type[Operation], tmp_path: Path) -> None:
    steps = tuple(Step(operation) for operation in kind.each(("a",)))
    kept = Reproducer(
        signature=Signature("x", kind.kind, "any"),  # type: ignore[arg-type]  # it is converted
        expected="",
        seen="",
        names=("a",),
        sequence=Sequence(steps),
    )
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(as_data(kept)))
    assert load(file).sequence == kept.sequence, f"reproducers/file.py: {kind.kind} does not come back as it was kept"


@each_kind
def test_it_is_told_as_code_that_can_be_run(kind: type[Operation]) -> None:
    name = kind.__name__
    lists = {"TYPE_CHECKING": _checked(), "_HOMES": set(chain(*churn._HOMES.values())), "__all__": set(churn.__all__)}
    lacking = [one for one, names in lists.items() if name not in names]
    assert not lacking, f"__init__.py: of the three lists (TYPE_CHECKING, _HOMES, __all__), {lacking} lack {name}"
    for operation in kind.each(("a",)):
        for pace, naming in product(Pace, Naming):
            told, sequence = _Told(), Sequence((Step(operation, pace),), naming)
            code = as_code("test", ("a",), sequence)
            exec(code, {"session": told})  # noqa: S102 -- it is our own
            assert told.sequence == sequence, code


def _checked() -> set[str]:
    """What `churn` imports for type checkers."""
    tree = ast.parse(inspect.getsource(churn))
    return {one.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for one in node.names}


class _Told:
    sequence: Sequence | None = None

    def run(self, _: str, __: tuple[str, ...], sequence: Sequence) -> None:
        self.sequence = sequence


@each_kind
def test_it_has_a_shell_line(kind: type[Operation]) -> None:
    told = f"reproducers/lines.py: {kind.__name__} is neither in LINES nor in BEYOND, which no shell can do"
    assert (kind in LINES) is not (kind in BEYOND), told


@pytest.mark.parametrize("manager", SHELLS)
@each_kind
def test_what_its_shell_line_calls_is_there(manager: str, kind: type[Operation]) -> None:
    """A line that begins with the operation's own word calls the manager's function for it."""
    if kind in LINES and LINES[kind](_some(kind), "a").split()[0] == kind.kind:
        text = (SCRIPTS / f"{manager}.sh.jinja").read_text(encoding="utf-8")
        loop = re.search(r"for kind in \((.*?)\)", text)
        assert f"\n{kind.kind}() {{" in text or f'"{kind.kind}"' in (loop[1] if loop else ""), (
            f"reproducers/templates/{manager}.sh.jinja has no function {kind.kind}()"
        )


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.name)
def test_a_shell_script_can_look_at_what_it_objects_to(invariant: Invariant) -> None:
    if invariant is IN_SOME_ORDER:  # it comes only with what no shell can do
        return
    look = SCRIPTS / "looks" / f"{invariant.name}.sh.jinja"
    assert look.exists(), f"reproducers/templates/looks/ has no {look.name}: scripts of its bugs are refused"


@pytest.mark.parametrize("services", [1, 2, 3])
def test_draws_stay_narrow(services: int) -> None:
    """Into wider draws Hypothesis puts numbers that it finds in imported modules: sequences would depend on these."""
    try:
        choices(service_names(services), ALL_OFFERS, faults=True)
    except UsageError as error:
        pytest.fail(f"lower the `weight` of an operation: {error}")


# -- invariants -------------------------------------------------------------------------------------------------------


def test_every_invariant_is_registered() -> None:
    found = [
        value
        for module in iter_modules(churn.lifecycle.invariants.__path__)
        for value in vars(import_module(f"churn.lifecycle.invariants.{module.name}")).values()
        if isinstance(value, Invariant)
    ]
    missing = {one.name for one in found} - {one.name for one in INVARIANTS}
    assert not missing, f"lifecycle/invariants/__init__.py: INVARIANTS lacks {missing}"


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_an_invariant_has_a_text_a_cause_and_a_fix(invariant: Invariant) -> None:
    assert inspect.getdoc(invariant.check), f"{invariant.name}: its check has no docstring; `churn explain` shows it"
    for part in ("cause", "fix"):
        text = getattr(invariant.advice, part)
        assert len(text.split()) >= 5, f"{invariant.name}: its {part} is no sentence that a person can use: {text!r}"
    assert invariant.criterion in range(1, 6)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda invariant: invariant.name)
def test_an_invariant_has_a_defect_to_object_to(invariant: Invariant) -> None:
    """One that can never object is dead; tests/stateful/test_invariants_alive.py sees whether it does object."""
    tree = ast.parse((ROOT / "tests/stateful/defective.py").read_text(encoding="utf-8"))
    tables = [
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "PLANTED"
    ]
    planted = {
        key.value for one in tables if isinstance(one, ast.Dict) for key in one.keys if isinstance(key, ast.Constant)
    }
    assert invariant.name in planted, f"tests/stateful/defective.py: PLANTED has no defect for {invariant.name}"


@pytest.mark.parametrize("show", Show)
def test_what_shows_a_finding_has_a_command(show: Show) -> None:
    assert show in COMMANDS, f"session/showing.py: COMMANDS lacks {show}"


# -- defects and faults -----------------------------------------------------------------------------------------------


def _defects() -> Iterator[tuple[str, type[ReferenceManager]]]:
    """Every class of a defect, with its module's name."""
    for module in iter_modules(churn.system.managers.defects.__path__):
        home = import_module(f"churn.system.managers.defects.{module.name}")
        for value in vars(home).values():
            own = inspect.isclass(value) and value.__module__ == home.__name__
            if own and issubclass(value, ReferenceManager) and "Stands for:" in (value.__doc__ or ""):
                yield module.name, value


def test_every_defect_is_registered() -> None:
    known = {defect.manager for defect in DEFECTS.values()}
    missing = [f"{module}.py: DEFECTS lacks {cls.__name__}" for module, cls in _defects() if cls not in known]
    assert not missing, f"system/managers/defects/: {missing}"


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_has_a_text_a_minimum_and_a_reproducer(name: str) -> None:
    defect = DEFECTS[name]
    assert defect.symptom, f"{name}: its docstring says what a user would see"
    assert defect.stands_for, (
        f"{name}: the last line of its docstring is `Stands for: …`, on one line: which bug it stands for"
    )
    minima = json.loads((ROOT / "tests/benchmarks/minima.json").read_text())["minima"]
    assert name in minima, f"tests/benchmarks/minima.json lacks {name}: run tests/benchmarks/minima.py {name}"
    kept = list((ROOT / "reproducers/defects").glob(f"{name}--*.json"))
    assert kept, f"reproducers/defects has none of {name}: run tests/benchmarks/keep_reproducers.py {name}"


def test_every_fault_of_an_engine_is_registered() -> None:
    files = {module.name for module in iter_modules(churn.system.faults.__path__)}
    classes = {inspect.getmodule(kind) for kind in FAULTS.values()}
    homes = {module.__name__.rpartition(".")[2] for module in classes if module is not None}
    tools = {"gate", "gated", "interruption"}
    missing = files - homes - tools
    assert not missing, f"system/faults/__init__.py: KINDS lacks what stands in {missing}"


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_called_as_its_file(name: str) -> None:
    home = FAULTS[name].__module__.rpartition(".")[2]
    assert home == name.replace("-", "_"), f"system/faults/{home}.py: the fault {name} has a file of its own name"


@pytest.mark.parametrize("how", Disturbance)
def test_what_disturbs_a_manager_is_a_fault_that_engines_have(how: Disturbance) -> None:
    assert how.value in FAULTS, f"system/faults has no fault {how.value}"


@pytest.mark.parametrize("how", Disturbance)
def test_a_mere_delay_is_left_as_it_is_by_shrinking(how: Disturbance) -> None:
    """A plain error is no milder than a reply that only comes later."""
    kind = FAULTS.get(how.value)
    if kind is not None and kind.only_delays:
        assert Disturb(how).milder == (), (
            f"lifecycle/operations/faults.py: Disturb.milder is to leave {how.value} alone"
        )


@pytest.mark.parametrize("how", Disturbance)
def test_a_disturbance_that_lasts_is_told_how_long(how: Disturbance) -> None:
    kind = FAULTS.get(how.value)
    if kind is not None and (kind.lasts_from_strike or fields_dict(kind)["milliseconds"].default):
        assert how in LASTING, f"session/faults.py: LASTING has no seconds of Waits for {how}"
