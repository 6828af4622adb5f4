"""
Write the table of `otel_crumbs.setup.config` into configuration.md.

    python docs/settings_table.py
"""

from __future__ import annotations

from marked_table import update_page

from otel_crumbs.setup.config import SETTINGS, Setting


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


def write_table() -> str:
    """Return the sections of all settings as they are now."""
    return "\n".join(map(format_setting, SETTINGS))


if __name__ == "__main__":
    update_page("configuration.md", "settings", write_table)
