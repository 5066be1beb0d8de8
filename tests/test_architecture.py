"""The shape of the package: arrows run one way, modules and functions stay small."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "workflow" / "ketameta"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each part may import. `stats` knows nobody; a stage knows those before it, never after.
GROUND = {"vocabulary", "tables", "storage"}
ALLOWED = {
    "vocabulary": set(),
    "storage": set(),
    "report_files": {"vocabulary"},
    "freshness": {"storage", "tables", "configuration"},
    "publishing": {"freshness", "storage"},
    "stats": set(),
    "figures": set(),
    "tables": {"vocabulary"},
    "configuration": {"vocabulary"},
    "ingest": GROUND,
    "normalize": {*GROUND, "configuration", "stats"},
    "synthesize": {*GROUND, "configuration", "stats", "normalize"},
    "evidence": {*GROUND, "configuration", "normalize", "synthesize"},
    "extraction": {*GROUND, "configuration", "evidence", "ingest", "normalize", "stats"},
    "report": {
        *GROUND,
        "evidence",
        "extraction",
        "configuration",
        "synthesize",
        "figures",
        "report_files",
    },
}
SHELLS = {"cli", "steps", "commands", "reading", "__init__"}


def part_of(module):
    """Return the first name below the package: ketameta.stats.tau2 -> stats."""
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


def test_allowed_arrows_have_no_circle():
    order, left = [], dict(ALLOWED)
    while left:
        free = [part for part, others in left.items() if others <= {*order}]
        assert free, f"circle among {sorted(left)}"
        for part in free:
            order.append(part)
            del left[part]


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
