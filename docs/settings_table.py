"""
Write the table of `otel_crumbs.setup.config` into configuration.md.

    python docs/settings_table.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from otel_crumbs.setup.config import SETTINGS, Setting

PAGE = Path(__file__).with_name("configuration.md")
START, END = "<!-- settings -->\n", "<!-- end of settings -->\n"


def format_setting(setting: Setting) -> str:
    """Return the section of the page about a setting."""
    default = f"`{setting.default_text}`" if setting.default_text else "nothing"
    return f"""\
### {setting.variable}

{setting.meaning}

- Expects: {setting.expects}.
- Default: {default}.
- Argument of `otel_crumbs.install()`: `{setting.name}`.
"""


def update_page(page: str) -> str:
    """Return the page with the table of settings as it is now."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{chr(10).join(map(format_setting, SETTINGS))}\n{END}{after}"


if __name__ == "__main__":
    now = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(0 if update_page(now) == now else f"{PAGE.name} is out of date: run python docs/{Path(__file__).name}")
    PAGE.write_text(update_page(now), encoding="utf-8")
