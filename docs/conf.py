"""Sphinx configuration. Pages are MyST Markdown; those with code cells are executed at build time."""

from __future__ import annotations

import halfulp

project = "halfulp"
author = "the halfulp authors"
copyright = "the halfulp authors"
version = release = halfulp.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = f"halfulp {version}"
html_copy_source = False

smartquotes = False  # quotes are mostly code

# Examples run on every build: a page never shows what the code no longer does.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
