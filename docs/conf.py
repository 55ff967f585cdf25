"""How Sphinx builds these pages; `make docs` turns each warning into an error."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "NColony"
author = "The NColony authors"
copyright = author  # noqa: A001 - the name that Sphinx reads
release = installed_version("ncolony")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "tables"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"NColony {release}"
