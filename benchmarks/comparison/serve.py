"""
Run one scenario with one library; prints the outcome.

    python benchmarks/comparison/serve.py one_thread sentry-sdk
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import catalogue
from libraries import LIBRARIES


def main() -> None:
    """Run it."""
    scenario, library = sys.argv[1:]
    outcome = catalogue.SCENARIOS[scenario].run(LIBRARIES[library]())
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
