"""The house's own rules: exports exist, the environment is read at the door, values are made by name, rooms stay small."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

import churn
from churn.lifecycle.invariants import INVARIANTS

ROOT = Path(churn.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
MOST_LINES, MOST_CLASS_LINES, MOST_FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 350, 250, 40, 8
MOST_FIELDS_BY_PLACE = 5
FRONT_ENDS = ("cli/", "pytest_plugin/")

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())


def _nodes(path: Path, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds))


def _lines(node: ast.AST) -> int:
    assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("name", churn.__all__)
def test_what_is_exported_exists(name: str) -> None:
    assert getattr(churn, name) is not None


def test_all_that_has_a_home_is_exported() -> None:
    assert sorted(name for names in churn._HOMES.values() for name in names) == sorted(churn.__all__)


def test_what_is_not_exported_is_told_as_missing() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = churn.nonsense


@each_module
def test_the_environment_is_read_in_the_front_ends_only(path: Path) -> None:
    if path.relative_to(ROOT).as_posix().startswith(FRONT_ENDS):
        return
    read = [node.lineno for node in _nodes(path, ast.Attribute) if ast.unparse(node) in ("os.environ", "os.getenv")]  # type: ignore[attr-defined]
    assert not read, f"{path}: lines {read} read the environment; let a front end hand it in"


@each_module
def test_values_of_many_fields_are_made_by_name(path: Path) -> None:
    for node in _nodes(path, ast.ClassDef):
        assert isinstance(node, ast.ClassDef)
        decorators = " ".join(ast.unparse(one) for one in node.decorator_list)
        if not decorators.startswith(("frozen", "define")) or "kw_only=True" in decorators:
            continue
        by_place = [part for part in node.body if _is_given_by_place(part)]
        assert len(by_place) <= MOST_FIELDS_BY_PLACE, f"{path}: {node.name} has {len(by_place)} fields: make it kw_only"


def _is_given_by_place(part: ast.stmt) -> bool:
    if not isinstance(part, ast.AnnAssign) or "ClassVar" in ast.unparse(part.annotation):
        return False
    value = ast.unparse(part.value) if part.value is not None else ""
    return "init=False" not in value and "kw_only=True" not in value


@each_module
def test_files_classes_and_functions_stay_small(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MOST_LINES, f"{path} has {lines} lines: two nouns in one file?"
    for node in _nodes(path, ast.ClassDef):
        assert _lines(node) <= MOST_CLASS_LINES, f"{path}: {ast.unparse(node)[:60]} is {_lines(node)} lines long"
    for node in _nodes(path, ast.FunctionDef, ast.AsyncFunctionDef):
        assert _lines(node) <= MOST_FUNCTION_LINES, f"{path}: {ast.unparse(node)[:60]} is {_lines(node)} lines long"


def test_most_functions_are_short() -> None:
    sizes = [_lines(node) for path in MODULES for node in _nodes(path, ast.FunctionDef, ast.AsyncFunctionDef)]
    assert median(sizes) <= MEDIAN_FUNCTION_LINES


@each_module
def test_what_invariants_mean_stands_where_they_are_defined(path: Path) -> None:
    """Nowhere else is there a set or table of their names: a new one would be forgotten there."""
    if "invariants" in path.parts:
        return
    names = {invariant.name for invariant in INVARIANTS} - {"status"}  # which is an operation's word, too
    for node in _nodes(path, ast.Set, ast.Tuple, ast.List, ast.Dict):
        parts = node.keys if isinstance(node, ast.Dict) else node.elts  # type: ignore[attr-defined]
        told = [part.value for part in parts if isinstance(part, ast.Constant) and part.value in names]
        assert not told, f"{path}: line {node.lineno} lists invariants ({told}): give them a Trait"  # type: ignore[attr-defined]


def test_test_files_have_names_of_their_own() -> None:
    """Two of one name cannot be collected in one run, whatever folders they are in."""
    names = [path.name for path in Path(__file__).parents[1].rglob("test_*.py")]
    assert [name for name, count in Counter(names).items() if count > 1] == []
