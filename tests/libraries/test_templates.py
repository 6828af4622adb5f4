"""A rendered template is a breadcrumb; that it was found and compiled goes without saying."""

from __future__ import annotations

import jinja2
import pytest

from .describing import details, reported, trail_of

PAGES = {"cart.html": "{{ pieces }}", "zero.html": "{{ 1 / pieces }}", "typo.html": "{% if %}"}


@pytest.fixture
def pages() -> jinja2.Environment:
    """Make an environment whose templates are not compiled yet."""
    return jinja2.Environment(loader=jinja2.DictLoader(PAGES), autoescape=True)


def test_a_template(pages: jinja2.Environment) -> None:
    """Of loading, compiling and rendering one is told."""
    [breadcrumb] = trail_of(lambda: pages.get_template("cart.html").render(pieces=3))

    assert reported([breadcrumb]) == [("default", "template", "info", "render cart.html")]
    assert details(breadcrumb) == {"template": "cart.html"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zero.html", "render zero.html -> ZeroDivisionError after a moment"),
        ("gone.html", "load gone.html -> TemplateNotFound after a moment"),
    ],
)
def test_a_template_that_fails(pages: jinja2.Environment, name: str, message: str) -> None:
    """The step that failed is told."""
    trail = trail_of(lambda: pages.get_template(name).render(pieces=0))

    assert reported(trail) == [("default", "template", "error", message)]


def test_a_template_with_a_mistake(pages: jinja2.Environment) -> None:
    """It fails to compile, within being loaded, and that is one breadcrumb."""
    trail = trail_of(lambda: pages.get_template("typo.html").render())

    message = "compile typo.html -> TemplateSyntaxError after a moment"
    assert reported(trail) == [("default", "template", "error", message)]
