"""Who may import whom, and what a plain import loads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sk_digits

PACKAGE = Path(sk_digits.__file__).parent
BEHIND_THE_DOOR = {"tensorflow", "keras", "scikeras"}
ARROWS = {
    "__init__": set(),
    "__main__": {"_cli"},
    "_classifier": {"_fitting", "_inference", "_validation", "augmentation"},
    "_cli": {"_commands", "_first_run"},
    "_commands": {
        "_classifier",
        "_files",
        "_progress",
        "_training",
        "datasets",
        "plotting",
        "preprocessing",
        "recipes",
    },
    "_files": set(),
    "_first_run": {"_classifier", "_commands", "_files", "_progress", "datasets"},
    "_progress": set(),
    "_deformation": {"_network"},
    "_epoch": {"_deformation", "_memory", "_network"},
    "_fitting": {"_inference", "_training", "augmentation"},
    "_frame": set(),
    "_inference": set(),
    "_memory": set(),
    "_mnist_download": {"_mnist_files"},
    "_mnist_files": set(),
    "_mnist_layouts": {"_mnist_files"},
    "_mosaic": {"_validation"},
    "_network": set(),
    "_picture": {"_frame"},
    "_plot_digits": {"_mosaic"},
    "_plot_mistakes": {"_mosaic"},
    "_plot_training": {"_mosaic"},
    "_reading": {"_frame", "_picture", "_segmentation"},
    "_segmentation": set(),
    "_training": {"_deformation", "_epoch", "_memory", "_network"},
    "_validation": set(),
    "augmentation": {"_training", "_validation"},
    "datasets": {"_mnist_download", "_mnist_layouts"},
    "recipes": {"augmentation"},
    "plotting": {"_plot_digits", "_plot_mistakes", "_plot_training"},
    "preprocessing": {"_frame", "_picture", "_reading", "_validation"},
}


def imports_of(module):
    """Modules of sk_digits, and packages, that a module names in its import statements."""
    own, packages = set(), set()
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            packages.add(node.module.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            own |= {node.module.partition(".")[0]} if node.module else {alias.name for alias in node.names}
    return own - {"__version__"}, packages


def test_every_module_has_its_arrows():
    assert {path.stem for path in PACKAGE.glob("*.py")} == set(ARROWS)


@pytest.mark.parametrize("module", ARROWS)
def test_a_module_imports_only_what_it_may(module):
    own, packages = imports_of(module)
    assert own <= ARROWS[module]
    behind = {"_training", "_epoch", "_network", "_deformation", "_memory"}
    assert module in behind or not packages & BEHIND_THE_DOOR


@pytest.mark.parametrize("module", ["_fitting", "augmentation"])
def test_the_door_is_opened_inside_functions_only(module):
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    at_the_top = [
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert "_training" not in at_the_top


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import sk_digits", {*BEHIND_THE_DOOR, "matplotlib", "pandas", "sklearn", "numpy"}),
        # scikit-learn itself imports pandas where it is installed.
        ("import sk_digits; sk_digits.DenseDigitClassifier()", {*BEHIND_THE_DOOR, "matplotlib"}),
        (
            "import sk_digits; sk_digits.datasets.load_digits()",
            {*BEHIND_THE_DOOR, "matplotlib", "PIL", "pyarrow.csv"},
        ),
        ("import sk_digits; sk_digits.plotting.DigitsDisplay", {*BEHIND_THE_DOOR, "matplotlib"}),
        ("import sk_digits; sk_digits.preprocessing.read_digits", {*BEHIND_THE_DOOR, "matplotlib", "PIL"}),
        ("from sk_digits import _cli; _cli._parser()", {*BEHIND_THE_DOOR, "matplotlib", "pandas", "sklearn"}),
    ],
)
def test_an_import_loads_no_heavy_package(statement, heavy):
    code = f"{statement}; import sys; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
