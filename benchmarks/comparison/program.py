"""
A program that reports errors and ends in one way or another.

    python benchmarks/comparison/program.py otel_crumbs crash DSN
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

from libraries import LIBRARIES, Library


def report(library: Library, count: int, name: str = "error") -> None:
    """Report some errors."""
    for number in range(count):
        with library.request("work"):
            library.note("a note")
            library.capture(ValueError(f"<{name} {number}>"))


def crash(_: Library) -> None:
    """End by an unhandled error."""
    raise ValueError("<error 0>")


def end(library: Library) -> None:
    """Report, and end."""
    report(library, 5)


def wait(library: Library) -> None:
    """Report, say so, and wait for a signal."""
    report(library, 5)
    print("reported", flush=True)
    time.sleep(60)


stay = wait


def hard_exit(library: Library) -> None:
    """Report, and leave at once."""
    report(library, 5)
    os._exit(0)


def later(_: Library) -> None:
    """Be the next start: work for a while."""
    time.sleep(5)


def idle(_: Library) -> None:
    """Be the next start, and work until somebody ends it."""
    time.sleep(3600)


def fork(library: Library) -> None:
    """Report, fork, report in the child."""
    report(library, 5)
    child = os.fork()
    if child == 0:
        report(library, 1, "child")
        library.flush()
        os._exit(0)
    os.waitpid(child, 0)
    library.flush()


def multiprocess(library: Library) -> None:
    """Report in a child, and do no more there."""
    child = multiprocessing.get_context("fork").Process(target=report, args=(library, 1, "child"))
    child.start()
    child.join()


def large(library: Library) -> None:
    """Report an error after much talk."""
    with library.request("work"):
        for number in range(100):
            library.note(f"{number} {'long ' * 1000}")
        library.capture(ValueError("<error 0>"))


def burst(library: Library) -> None:
    """Fail again and again as a job does whose rows are bad, say so, and end in the way that is wanted."""
    count, way = int(os.environ["BURST"]), os.environ["WAY"]
    began = time.monotonic()
    for number in range(count):
        library.note(f"row {number}")
        library.capture(ValueError(f"<error {number}>"))
    print(time.monotonic() - began, flush=True)
    if way == "SIGTERM":
        time.sleep(60)
    if way == "os._exit":
        os._exit(0)


PROGRAMS = {
    "burst": burst,
    "crash": crash,
    "end": end,
    "fork": fork,
    "hard_exit": hard_exit,
    "idle": idle,
    "large": large,
    "later": later,
    "multiprocessing": multiprocess,
    "stay": stay,
    "wait": wait,
}


def main() -> None:
    """Start the library, and do what is wanted."""
    name, what, receiver = sys.argv[1:]
    library = LIBRARIES[name]()
    library.start(receiver=receiver)
    PROGRAMS[what](library)


if __name__ == "__main__":
    main()
