"""Each part of `docker-compose.yml`, proven where no container runs."""

from __future__ import annotations
