"""
Serve batches of a contest's sides: reads "side loops", answers with seconds.

    python benchmarks/serve.py sides.spans sdk otel_crumbs
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    """Set the sides up, then answer until the asking ends."""
    module, *names = sys.argv[1:]
    sides = {name: importlib.import_module(module).SIDES[name]() for name in names}
    for line in sys.stdin:
        name, loops = line.rsplit(maxsplit=1)
        print(sides[name](int(loops)), flush=True)


if __name__ == "__main__":
    main()
