"""The line that raised is found in a traceback."""

from __future__ import annotations

import traceback

import pytest

from otel_crumbs.demo.source_line import find_source_line

from .events import STACKTRACE


def test_the_applications_own_line_is_shown() -> None:
    """Lines of the library below it and of the framework above it are not."""
    line = find_source_line(STACKTRACE)

    assert line is not None
    assert str(line) == "shop/checkout.py:29 in pay"
    assert line.source == 'order.receipt = charge["receipt"]'


@pytest.mark.parametrize("folder", ["/x/lib/python3.12/site-packages/otel_crumbs/demo/django_shop", "C:\\django_shop"])
def test_the_shop_is_the_application_wherever_it_is_installed(folder: str) -> None:
    """With a wheel it lies beside the libraries."""
    line = find_source_line(f'  File "{folder}/shop/models.py", line 23, in rating\n    return stars / count\n')

    assert str(line) == "shop/models.py:23 in rating"


def test_our_own_lines_are_not_the_applications() -> None:
    """A wrapper of ours may be the innermost of all."""
    own = '  File "/srv/otel_crumbs/sources/databases/django_orm.py", line 77, in execute\n    return execute(sql)\n'

    line = find_source_line(STACKTRACE + own)

    assert str(line) == "shop/checkout.py:29 in pay"


def test_a_traceback_of_this_python_is_read() -> None:
    """The marks that this version puts below lines are skipped."""
    try:
        int("boom")
    except ValueError:
        line = find_source_line(traceback.format_exc())

    assert line is not None
    assert line.source == 'int("boom")'


def test_no_traceback_is_no_line() -> None:
    """An exception that was never raised has none."""
    assert find_source_line("ValueError: boom") is None
