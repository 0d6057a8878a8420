"""Configure the site: ``sphinx-build -W docs site`` builds it from this folder."""

import os
import re
import zlib
from pathlib import Path

import sk_digits

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent

project = "sk_digits"
author = copyright = "The sk_digits developers"
version = release = sk_digits.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_codeautolink",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.mermaid",
]
exclude_patterns = ["inventories", "gallery/*.py", "gallery/*.ipynb"]
templates_path = ["_templates"]
nitpicky = True
toc_object_entries_show_parents = "hide"
# sphinx_codeautolink does not find code with flags of doctest, nor that of the gallery, which has links.
suppress_warnings = ["codeautolink.match_name", "codeautolink.match_block"]

myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

autosummary_generate = True
autodoc_default_options = {"members": True, "inherited-members": True}
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {"array-like": ":term:`numpy:array_like`"}


def make_inventory(name):
    """Write the inventory that Sphinx reads from the list of names in `inventories`, and return its path.

    Builds have no network, so each list holds the few names that docstrings and pages refer to.
    """
    lines = (HERE / "inventories" / f"{name}.txt").read_bytes()
    header = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n# compressed using zlib\n"
    path = HERE / "inventories" / f"{name}.inv"
    path.write_bytes(header.encode() + zlib.compress(lines))
    return str(path)


intersphinx_mapping = {
    name: (url, make_inventory(name))
    for name, url in {
        "keras": "https://keras.io/",
        "matplotlib": "https://matplotlib.org/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "python": "https://docs.python.org/3/",
        "sklearn": "https://scikit-learn.org/stable/",
    }.items()
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "ignore_pattern": r"train_reader\.py",
    "reference_url": {"sk_digits": None},
    # Each page of the API shows the examples that use the name.
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sk_digits",),
    # A display shows its picture, so its repr need not be printed.
    "ignore_repr_types": r"sk_digits\._plot",
    "show_memory": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
}


def link_gallery(app, docname, source):
    """Let links to an example lead to its page in the gallery; in the repository they lead to the script."""
    link = r"\]\(\.\./examples/(plot_\w+)\.py\)"
    source[0] = re.sub(link, r"](gallery/\1)", source[0])


def setup(app):
    """Connect to Sphinx."""
    app.connect("source-read", link_gallery)


html_theme = "pydata_sphinx_theme"
html_title = "sk_digits"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_show_sourcelink = False
html_sidebars = {"installation": [], "app": []}  # they have no pages below them
html_theme_options = {"show_prev_next": False, "navbar_align": "left"}
