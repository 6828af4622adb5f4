"""The applications, a module each."""

from __future__ import annotations

from . import datasette, flower, jupyter_server, label_studio, mlflow, prefect, prefect_flow, wagtail

APPLICATIONS = tuple(
    each.APPLICATION
    for each in (datasette, flower, jupyter_server, label_studio, mlflow, prefect, prefect_flow, wagtail)
)
