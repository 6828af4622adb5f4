"""How Sphinx builds the documentation."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "otel-crumbs"
project_copyright = "the otel-crumbs authors"
version = release = version_of("otel-crumbs")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
# The plots of benchmarks.md, which reads as plain Markdown too.
html_static_path = ["_static"]
html_title = f"otel-crumbs {version}"

# Links such as page.md#some-heading work, as they do where the pages are read as plain Markdown.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
# Nothing is fetched while building, so other projects' names cannot be links.
nitpicky = False
