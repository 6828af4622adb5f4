"""The next steps after the demo: paths and commands."""

from __future__ import annotations

import shlex
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from .shop import find_shop_folder

# Commands are never wrapped, so that they can be copied; the other lines are short by themselves.
TEXT = """\
Run the shop yourself, with a collector on localhost:4318:

[bold]  cd {shop}
  export DJANGO_SETTINGS_MODULE=config.settings
  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
  opentelemetry-instrument python manage.py runserver --noreload[/]

Then your own application, the same way; this tells whether all is set up:

[bold]  opentelemetry-instrument otel-crumbs doctor[/]

How to make the shop fail: {shop}/README.md
Documentation:             {docs}
"""


def format_next_steps() -> str:
    """Return how to go on, with rich's markup."""
    return TEXT.format(shop=shlex.quote(str(find_shop_folder())), docs=find_documentation())


def find_documentation() -> str:
    """Return the place of the documentation: in the checkout, else the project's address."""
    folder = Path(__file__).resolve().parents[2] / "docs"
    if (folder / "index.md").is_file():
        return str(folder)
    try:
        links = metadata("otel-crumbs").get_all("Project-URL") or []
    except PackageNotFoundError:
        links = []
    addresses = dict(link.split(", ", 1) for link in links)
    return addresses.get("Documentation") or next(iter(addresses.values()), "python -m pydoc otel_crumbs")
