"""How Sphinx builds the documentation (`make docs`)."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

# Sphinx reads this file by its path; `docs._ext` is imported like everything else.
sys.path.insert(0, str(Path(__file__).parents[1]))

project = "tiktok-oauth"
author = "the tiktok-oauth contributors"
project_copyright = f"2026 {author}"
release = version_of("tiktok-oauth")

extensions = [
    "docs._ext.generated",
    "docs._ext.tables",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "_ext"]

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_theme_options = {"top_of_page_buttons": []}
html_copy_source = False
pygments_dark_style = "github-dark"
html_title = f"tiktok-oauth {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
