"""Breadcrumbs of any kind and size."""

from __future__ import annotations

from hypothesis import strategies as st

from otel_crumbs import Breadcrumb

LEVELS = ("debug", "info", "warning", "error", "fatal")

_PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
BREADCRUMBS = st.builds(
    Breadcrumb,
    timestamp=st.integers(0, 2**63 - 1),
    category=st.text(),
    message=st.text(),
    data=st.dictionaries(st.text(), _PLAIN | st.lists(_PLAIN)),
    level=st.sampled_from(LEVELS),
    span_id=st.none() | st.just("0123456789abcdef"),
    duration_ms=st.none() | st.floats(0, 1e12),
    branch=st.none() | st.text(),
    repeated=st.integers(1, 10**9),
    in_flight=st.booleans(),
)


def crumb(number: int, *, level: str = "info", size: int = 100, letter: str = "x") -> Breadcrumb:
    """Return a breadcrumb of a size."""
    return Breadcrumb(timestamp=number, level=level, category="test", message=f"{number} {letter * size} end")
