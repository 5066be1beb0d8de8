"""The shape of the package: arrows run one way, modules and functions stay small."""

import ast
import re
from pathlib import Path

import pytest

from ketameta.stats.single.pooled import DRAWN_BY

PACKAGE = Path(__file__).parents[1] / "workflow" / "ketameta"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each part may import. `stats` knows nobody; a stage knows those before it, never after.
GROUND = {
    "documents",
    "estimators",
    "measures",
    "methods",
    "moderators",
    "project",
    "vocabulary",
    "tables",
    "storage",
}
ALLOWED = {
    "estimators": set(),
    "methods": {"measures"},
    "moderators": set(),
    "measures": set(),
    "documents": set(),
    "vocabulary": {"documents", "project"},
    "storage": set(),
    "project": set(),
    "report_files": {"vocabulary"},
    "freshness": {"configuration", "project"},
    "publishing": {"freshness", "storage"},
    "raw_tables": {"freshness", "ingest", "storage"},
    "read_tables": {"freshness", "storage", "tables"},
    "shares": set(),
    "spared": set(),
    "memo": {"freshness", "read_tables", "shares", "tables"},
    "stats": set(),
    "figures": set(),
    "tables": {"vocabulary"},
    "configuration": {
        *("documents", "estimators", "measures", "methods", "moderators"),
        *("project", "vocabulary"),
    },
    "ingest": GROUND,
    "normalize": {*GROUND, "configuration", "stats"},
    "crosscheck": {*GROUND, "configuration", "figures", "report_files"},
    "synthesize": {*GROUND, "memo", "configuration", "stats", "normalize"},
    "evidence": {*GROUND, "configuration", "normalize", "synthesize"},
    "reviews": {*GROUND, "ingest", "stats"},
    "library": {*GROUND, "ingest", "reviews", "stats"},
    "crates": {*GROUND, "configuration", "freshness"},
    "extraction": {*GROUND, "configuration", "evidence", "ingest", "normalize", "stats"},
    "report": {
        *GROUND,
        "evidence",
        "extraction",
        "configuration",
        "synthesize",
        "figures",
        "library",
        "memo",
        "report_files",
        "reviews",
    },
}
# The same for the rooms of `stats`.
ROOMS = {
    "numerics": set(),
    "effects": {"numerics"},
    "univariate": {"numerics"},
    "dependent": {"numerics", "univariate"},
    "network": {"numerics", "univariate", "dependent"},
    "rare": {"numerics", "effects"},
    "sensitivity": {"numerics", "effects", "univariate"},
    "bias": {"numerics", "univariate"},
    "single": {"numerics", "effects", "univariate"},
}
SHELLS = {"cli", "job", "steps", "commands", "notebook", "reading", "__init__", "__main__"}


def part_of(module):
    """Return the first name below the package: ketameta.stats.univariate.tau2 -> stats."""
    return module.split(".")[1] if module.count(".") else "__init__"


def imports(path):
    """Yield the ketameta modules that a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "ketameta")


def test_every_part_is_placed():
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert found - SHELLS == set(ALLOWED)


def test_arrows_run_one_way():
    wrong = []
    for path in MODULES:
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part in SHELLS:
            continue
        for name in imports(path):
            other = part_of(name)
            if other not in {part, "__init__", *ALLOWED[part]}:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


def test_every_room_of_the_statistics_is_placed_and_says_what_it_holds():
    rooms = {path.name for path in (PACKAGE / "stats").iterdir() if path.name != "__pycache__"}
    assert rooms - {"__init__.py"} == set(ROOMS)
    for room in ROOMS:
        module = ast.parse((PACKAGE / "stats" / room / "__init__.py").read_text(encoding="utf-8"))
        said = ast.get_docstring(module) or ""
        held = {path.stem for path in (PACKAGE / "stats" / room).glob("*.py")} - {"__init__"}
        assert {name for name in held if f"`{name}`" not in said} == set(), room


def test_arrows_between_rooms_run_one_way():
    wrong = []
    for path in (PACKAGE / "stats").glob("*/*.py"):
        room = path.parent.name
        for name in imports(path):
            other = name.removeprefix("ketameta.stats").lstrip(".").split(".")[0]
            if other not in {room, *ROOMS[room]}:
                wrong.append(f"{room}/{path.name} imports {name}")
    assert wrong == []


def test_the_statistics_find_by_name_what_draws_a_result_and_nothing_else():
    found = [
        f"{path.relative_to(PACKAGE).as_posix()}: {ast.unparse(node)}"
        for path in (PACKAGE / "stats").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and "import" in ast.unparse(node.func).rpartition(".")[2]
    ]
    assert found == ["stats/single/pooled.py: import_module(DRAWN_BY)"]
    assert (PACKAGE.parent / f"{DRAWN_BY.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("arrows", [ALLOWED, ROOMS], ids=["parts", "rooms"])
def test_allowed_arrows_have_no_circle(arrows):
    order, left = [], dict(arrows)
    while left:
        free = [part for part, others in left.items() if others <= {*order}]
        assert free, f"circle among {sorted(left)}"
        for part in free:
            order.append(part)
            del left[part]


def named(path):
    """Return the module that a file is."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def circles(arrows):
    """Return the modules that are left when those that need nothing more are taken, and so on."""
    left = dict(arrows)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    while idle := [name for name in left if not any(name in others for others in left.values())]:
        for name in idle:
            del left[name]
    return sorted(left)


def test_no_two_modules_need_each_other():
    """Imports within functions and for types count: who reads one would have to read the other."""
    known = {named(path) for path in MODULES}
    arrows = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                # `from ketameta.stats import bayes` is of the module where it is one
                found = inner & known or {node.module}
            elif isinstance(node, ast.Import):
                found = {alias.name for alias in node.names}
            else:
                continue
            arrows.setdefault(named(path), set()).update((found & known) - {named(path)})
    assert circles(arrows) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c"]


@pytest.mark.parametrize("heavy", ["pandas", "matplotlib", "seaborn", "statsmodels", "pyarrow"])
def test_no_module_imports_heavy_packages_at_its_top(heavy):
    top = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        )
        if name and name.split(".")[0] == heavy
    ]
    assert top == []


def test_modules_stay_below_400_lines():
    long = {
        str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
    }
    assert {name: lines for name, lines in long.items() if lines > 400} == {}


def test_functions_stay_below_60_lines_without_their_docstring():
    long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = node.end_lineno - first.lineno + 1
            if lines > 60:
                long.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}: {lines}")
    assert long == []


# where measures may be spelt: their records, the statistics and the commands that pool other
# tables (both have metafor's list, which is longer), reviews (RevMan's), formulas of one measure
SPELT = ("measures.py", "stats/", "commands/", "reviews/", "normalize/conversions/fourfold.py")


def spelt(path, names):
    """Yield the lines of a module whose text is the name of a measure."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in names:
            yield f"{path.relative_to(PACKAGE)}:{node.lineno} {node.value}"


def test_measures_are_spelt_in_their_records_alone():
    from ketameta import measures

    every = (*measures.MEASURES.values(), *measures.REPORTED_ALONE)
    names = {name for m in every for name in (m.name, m.paired) if name}
    assert {"RR", "logOR", "MPRRM"} <= names
    allowed = [path for path in MODULES if str(path.relative_to(PACKAGE)).startswith(SPELT)]
    assert all(any(str(path.relative_to(PACKAGE)).startswith(s) for path in allowed) for s in SPELT)
    found = [line for path in MODULES if path not in allowed for line in spelt(path, names)]
    assert found == []
    assert list(spelt(PACKAGE / "measures.py", names))
    quoted = re.compile(rf"[\"']({'|'.join(sorted(names))})[\"']")
    for page in sorted((PACKAGE / "report" / "templates").iterdir()):
        assert not quoted.findall(page.read_text(encoding="utf-8")), page.name


# where cells go by names that no class has, and why
LOOSE = {
    "configuration/__init__.py": "YAML as a person wrote it",
    "configuration/blocks.py": "a JSON schema",
    "documents/document.py": "YAML as a person wrote it",
    "documents/faults.py": "a JSON schema",
    "documents/forms.py": "a JSON schema",
    "evidence/releases.py": "JSON that an older version wrote",
    "normalize/effect_sizes.py": "the arguments of `effect_size`, which differ by measure",
    "report/pages.py": "the fields of a view of any page, as its template takes them",
    "stats/numerics/batch.py": "the fields of any result",
    "tables/table.py": "the cells of a row of any table",
    "vocabulary/files.py": "YAML as a person wrote it",
}
ANY_CELLS = re.compile(r"\b(dict|Mapping|MutableMapping)\[str, Any\]")


def loose(tree):
    """Yield the functions, and the other names of types, that hold cells of any kind by names.

    Of functions those that other modules can call.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            own = node.args
            every = (*own.posonlyargs, *own.args, *own.kwonlyargs, own.vararg, own.kwarg)
            told = [each.annotation for each in every if each] + [node.returns]
            if node.name.startswith("_") and node.name != "__init__":
                told = []
        else:
            # Record = dict[str, Any]
            alias = isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
            told = [node.value] if alias else []
        if any(ANY_CELLS.search(ast.unparse(each)) for each in told if each):
            yield getattr(node, "name", "") or ast.unparse(node.targets[0])


def test_no_cells_by_names_cross_a_module():
    found = {}
    for path in MODULES:
        if names := list(loose(ast.parse(path.read_text(encoding="utf-8")))):
            found[path.relative_to(PACKAGE).as_posix()] = names
    assert {path: names for path, names in found.items() if path not in LOOSE} == {}
    assert set(LOOSE) <= set(found)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(row: dict[str, Any]) -> int: ...", ["f"]),
        ("def f(*rows: Mapping[str, Any]) -> int: ...", ["f"]),
        ("class A:\n    def __init__(self, *, x: list[dict[str, Any]]) -> None: ...", ["__init__"]),
        ("def f(x: int) -> Callable[[int], dict[str, Any]] | None: ...", ["f"]),
        ("Record = dict[str, Any]", ["Record"]),
        ("Rows = Sequence[Mapping[str, Any]]", ["Rows"]),
        ("def _f(row: dict[str, Any]) -> int: ...", []),
        ("def f(row: dict[str, int]) -> Any: ...", []),
        ("x: dict[str, Any] = {}", []),
    ],
)
def test_what_holds_cells_by_names_is_found(text, names):
    assert list(loose(ast.parse(text))) == names
