"""How Sphinx builds the documentation (`make docs`)."""

from importlib.metadata import version as version_of

project = "tiktok-oauth"
author = "the tiktok-oauth contributors"
project_copyright = f"2026 {author}"
release = version_of("tiktok-oauth")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"tiktok-oauth {release}"
