"""Which module may import which, and what a plain import loads."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import slow

import sk_digits

PACKAGE = Path(sk_digits.__file__).parent
ENGINE_PACKAGES = {"tensorflow", "keras", "scikeras"}

# Room -> the rooms of sk_digits that it may import. A room is a sub-package or a module at the top.
ROOMS = {
    "__init__": {
        "_classifier",
        "_engine",
        "_pretrained",
        "augmentation",
        "datasets",
        "export",
        "plotting",
        "preprocessing",
        "recipes",
    },
    "__main__": {"_cli"},
    "_cli": {
        "__init__",
        "_atomic_write",
        "_classifier",
        "_engine",
        "_image_files",
        "_nested_params",
        "_progress",
        "_suggestions",
        "datasets",
        "export",
        "plotting",
        "preprocessing",
        "recipes",
    },
    "_augmentation": {"_reading"},
    "_budget": set(),
    "_atomic_write": set(),
    "_callback_copies": set(),
    "_classifier": {
        "_callback_copies",
        "_engine",
        "_fitting",
        "_images",
        "_inference",
        "_nested_params",
        "_persistence",
        "_scoring",
        "_suggestions",
        "_summary",
        "_validation",
        "augmentation",
    },
    "_export": {
        "_atomic_write",
        "_classifier",
        "_engine",
        "_fitted",
        "__init__",
        "_fitting",
        "_images",
        "_inference",
        "_optional",
        "_persistence",
        "_validation",
        "preprocessing",
    },
    "_fitted": {"_engine", "_state"},
    "_fitting": {"_budget", "_engine", "_inference", "_state", "augmentation"},
    "_engine": {"_nested_params", "_progress", "_suggestions"},
    "_image_files": set(),
    "_images": set(),
    "_inference": {"_images"},
    "_mnist": {"_optional"},
    "_nested_params": set(),
    "_optional": set(),
    "_plot": {"_images", "_reading"},
    "_persistence": {"__init__", "_callback_copies", "_state", "augmentation"},
    "_pretrained": {"_classifier", "_engine", "_fitted", "_reading", "_validation", "recipes"},
    "_progress": set(),
    "_reading": {"_image_files", "_images", "_inference", "_optional", "_validation"},
    "_scoring": set(),
    "_state": {"__init__", "_engine"},
    "_suggestions": set(),
    "_summary": set(),
    "_validation": set(),
    "augmentation": {"_augmentation", "_engine", "_images", "_summary"},
    "datasets": {"_images", "_mnist", "_reading"},
    "export": {"_export"},
    "plotting": {"_plot"},
    "preprocessing": {"_images", "_reading", "_summary"},
    "recipes": {"_suggestions", "augmentation"},
}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(module):
    return module.parts[0].removesuffix(".py")


def imports_of(module):
    """Rooms of sk_digits and other packages that a module names in its import statements, anywhere in it."""
    rooms, packages = set(), set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            packages.add(node.module.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            if node.level < len(module.parts):
                continue  # within the room
            if node.module:
                rooms.add(node.module.partition(".")[0])
            else:
                rooms |= {alias.name if alias.name in ROOMS else "__init__" for alias in node.names}
    return rooms, packages


def test_every_room_has_its_arrows():
    assert {room_of(module) for module in MODULES} == set(ROOMS)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_what_its_room_may(module):
    rooms, packages = imports_of(module)
    assert rooms <= ROOMS[room_of(module)]
    if room_of(module) != "_engine":
        assert not packages & ENGINE_PACKAGES


@pytest.mark.parametrize("room", [room for room in ROOMS if (PACKAGE / room).is_dir()])
def test_the_init_of_a_private_sub_package_is_empty(room):
    assert (PACKAGE / room / "__init__.py").read_text() == ""


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import sk_digits", {*ENGINE_PACKAGES, "matplotlib", "pandas", "sklearn", "numpy"}),
        # scikit-learn itself imports pandas where it is installed.
        ("import sk_digits; sk_digits.DenseDigitClassifier()", {*ENGINE_PACKAGES, "matplotlib"}),
        ("import sk_digits._engine._spec", {*ENGINE_PACKAGES, "matplotlib"}),
        slow(
            "import sk_digits; sk_digits.datasets.load_digits()",
            {*ENGINE_PACKAGES, "matplotlib", "PIL", "pyarrow.csv"},
        ),
        slow("import sk_digits; sk_digits.plotting.DigitsDisplay", {*ENGINE_PACKAGES, "matplotlib"}),
        ("import sk_digits; sk_digits.preprocessing.read_digits", {*ENGINE_PACKAGES, "matplotlib", "PIL"}),
        (
            "from sk_digits._cli import _parser; _parser.make_parser()",
            {*ENGINE_PACKAGES, "matplotlib", "pandas", "sklearn"},
        ),
    ],
)
def test_an_import_loads_no_heavy_package(statement, heavy):
    code = f"{statement}; import sys; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_diagram_of_the_architecture_has_the_arrows_of_the_rooms():
    page = Path(__file__).parents[1] / "docs" / "architecture.md"
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", page.read_text(), re.DOTALL)
    arrows = re.findall(r"^ *(\w+) --> (.+)$", diagram, re.MULTILINE)
    assert {room: set(targets.split(" & ")) for room, targets in arrows} == {
        room: targets for room, targets in ROOMS.items() if targets
    }
