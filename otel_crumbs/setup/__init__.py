"""How breadcrumbs are put in place: settings, hooks, providers, and the installation that undoes them."""

from __future__ import annotations
