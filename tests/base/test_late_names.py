"""Tests of `otel_crumbs.base.late_names`; those of the package's own names are among the gates."""

from __future__ import annotations

import colorsys
import subprocess
import sys
from types import ModuleType
from typing import Any

from otel_crumbs.base.late_names import LateFunction

PROGRAM = """
from otel_crumbs.base.late_names import LateFunction
rgb_to_yiq = LateFunction("colorsys", "rgb_to_yiq")
kept = rgb_to_yiq
"""


def make_module() -> dict[str, Any]:
    """Return the names of a module that calls a function late."""
    module = ModuleType("late")
    exec(PROGRAM, vars(module))  # noqa: S102 - the module is the one above
    return vars(module)


def test_a_late_function_is_imported_when_it_is_called() -> None:
    """Not before: that is what it is for."""
    program = PROGRAM + "import sys; print('colorsys' in sys.modules, rgb_to_yiq(0, 0, 0), 'colorsys' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)

    assert done.stdout == "False (0.0, 0.0, 0.0) True\n"


def test_its_module_has_the_function_itself_from_then_on() -> None:
    """Whoever keeps the object of before can call that as well."""
    names = make_module()

    assert names["rgb_to_yiq"](0, 0, 0) == (0, 0, 0)
    assert names["rgb_to_yiq"] is colorsys.rgb_to_yiq
    assert names["kept"](0, 0, 0) == (0, 0, 0)


def test_another_name_that_the_module_has_by_then_stays() -> None:
    """A test puts another function there."""
    names = make_module()
    names["rgb_to_yiq"] = other = repr
    late: LateFunction = names["kept"]

    assert late(0, 0, 0) == (0, 0, 0)
    assert names["rgb_to_yiq"] is other
