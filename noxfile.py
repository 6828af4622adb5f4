"""
Every gate of the project, on two levels.

`nox` runs what a change needs while it is made, in a few minutes: style,
types, imports, the unit tests on one Python, whole applications and the
documentation. `nox -s everything` runs the rest: every Python, the oldest
dependencies, real servers and receivers, and the wheel. CI runs both.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import nox
from nox.command import CommandFailed
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent
PROJECT = nox.project.load_toml("pyproject.toml")
UNIT_TESTS = "not browser and not bugsink and not collector and not e2e and not libraries"
# Tests wait for processes and sockets more than they compute.
WORKERS = str((os.cpu_count() or 1) + 1)
# What imports every module of the package, and reads each of its other files.
FOLDERS_FOR_THE_WHEEL = ("agents", "demo", "doctor", "django", "gates", "setup", "shell", "sources", "view")
# More failures than this have a reason; one test that goes wrong may take the others of its process with it.
MOST_TO_REPEAT = 50

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
# A toolchain that somebody else built is not what the machine has.
nox.options.download_python = "never"
nox.options.error_on_external_run = True
nox.options.reuse_existing_virtualenvs = True

groups = partial(nox.project.dependency_groups, PROJECT)


def supported_pythons() -> list[str]:
    """List the Python versions that the classifiers promise, oldest first."""
    prefix = "Programming Language :: Python :: 3."
    classifiers: list[str] = PROJECT["project"]["classifiers"]
    return [c.rpartition(" ")[2] for c in classifiers if c.startswith(prefix)]


def find_interpreter(version: str) -> Path | None:
    """
    Find a Python of this version that runs.

    pyenv's shims are on the PATH for versions that are not active, and fail when
    called; so each candidate is tried, and pyenv's own folders come last.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(pyenv.glob(f"versions/{version}.*/bin"), reverse=True)
    for folder in folders:
        candidate = folder / f"python{version}"
        if candidate.exists() and runs(candidate, version):
            return candidate
    return None


def runs(python: Path, version: str) -> bool:
    """Tell whether this file is a working Python of this version."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", program], capture_output=True, check=False, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def interpreters_on_this_machine() -> list[str]:
    """Return the supported versions that are installed, and let nox find them."""
    found = {version: find_interpreter(version) for version in supported_pythons()}
    folders = [str(python.parent) for python in found.values() if python]
    os.environ["PATH"] = os.pathsep.join([*folders, os.environ["PATH"]])
    if not folders:
        raise SystemExit(f"no Python of {', '.join(found)} runs on this machine")
    return [version for version, python in found.items() if python]


PYTHONS = interpreters_on_this_machine()
# The Python of `nox` itself, where it is a supported one.
MAIN_PYTHON = next((v for v in PYTHONS if v == f"{sys.version_info[0]}.{sys.version_info[1]}"), PYTHONS[-1])
OTHER_PYTHONS = [version for version in PYTHONS if version != MAIN_PYTHON]
MISSING = sorted(set(supported_pythons()) - set(PYTHONS))


def oldest_requirements() -> list[str]:
    """Pin every requirement of the package and its extras to the oldest release allowed."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *extras["all"], *extras["demo"], *extras["view"]]
    texts += [text for name in ("django", "grpc", "logging", "requests") for text in extras[name]]
    requirements = [Requirement(text) for text in texts]
    return [
        f"{requirement.name}=={bound.version}"
        for requirement in requirements
        for bound in requirement.specifier
        if bound.operator == ">="
    ]


def run_tests(session: nox.Session, *args: str, cover: bool = False, parallel: bool = True) -> None:
    """
    Run pytest in Python's development mode, side by side and with branch coverage if asked for.

    Many tests wait for processes and clocks, on machines that others use too: what failed is run once more,
    by itself, and what fails then is a failure. What does not is a fault of the test, and is named here.
    """
    start = ["python", "-X", "dev", "-m"]
    if cover:
        start += ["coverage", "run", "-m"]
    if session.posargs:
        # Exit code 5 means that no test was found: no failure where somebody chose tests by hand.
        session.run(*start, "pytest", *args, *session.posargs, success_codes=[0, 5])
        return
    side_by_side = ["-n", WORKERS] if parallel else []
    cache = ROOT / ".pytest_cache" / session.name
    shutil.rmtree(cache, ignore_errors=True)
    args = (*args, "-o", f"cache_dir={cache}")
    try:
        session.run(*start, "pytest", *side_by_side, *args)
    except CommandFailed:
        failed = read_failures(cache)
        if len(failed) > MOST_TO_REPEAT:
            raise
        # Without a name it was pytest itself, or a process of it, that failed: then all of it runs again.
        again = ["--last-failed"] if failed else side_by_side
        session.run(*start, "pytest", *again, *args)
        session.warn(f"failed beside others, and not alone: {', '.join(failed) or 'pytest itself'}")


def read_failures(cache: Path) -> list[str]:
    """Return the names of the tests that failed, from pytest's cache; none if it was stopped before its end."""
    try:
        return sorted(json.loads((cache / "v/cache/lastfailed").read_text()))
    except FileNotFoundError:
        return []


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting and that everything has a docstring."""
    session.install(*groups("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    # In the tests ruff sees to it: interrogate takes an async function inside a test for one of its own.
    session.run("interrogate", "-q", "otel_crumbs", "noxfile.py")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly: the package, and what users write against it."""
    session.install("-e.[all,demo,view]", *groups("types"))
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that imports go one way."""
    session.install("-e.[all,demo,view]", *groups("imports"))
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit tests with the newest dependencies, on one Python, and show what no test reached."""
    session.install("-e.[all,demo,mcp,tui,view]", *groups("tests"), *groups("newest"))
    run_tests(session, "-m", UNIT_TESTS, cover=True)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")


@nox.session
def applications(session: nox.Session) -> None:
    """Run whole applications in processes of their own, beside a receiver that stands in for the Collector."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("declarative"))
    run_tests(session, "-m", "e2e and not collector", "tests/e2e")


@nox.session(default=False)
def everything(session: nox.Session) -> None:
    """Run every gate that `nox` alone leaves out."""
    if MISSING:
        session.log(f"not on this machine, so not tested: Python {', '.join(MISSING)}")
    # The oldest one has a session with the oldest dependencies.
    for version in OTHER_PYTHONS:
        if version != PYTHONS[0]:
            session.notify(f"pythons-{version}")
    for name in (f"oldest-{PYTHONS[0]}", "bare", "ends", "collector", "libraries", "jobs", "bugsink", "stack"):
        session.notify(name)
    for name in ("viewer", "wheel"):
        session.notify(name)


@nox.session(python=OTHER_PYTHONS, default=False)
def pythons(session: nox.Session) -> None:
    """Run the unit tests with the newest dependencies, on each other Python of the machine."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("newest"))
    run_tests(session, "-m", UNIT_TESTS)


@nox.session(python=[PYTHONS[0]], default=False)
def oldest(session: nox.Session) -> None:
    """Run the unit tests with the oldest dependencies allowed, on the oldest Python."""
    session.install("-e.[all,demo,view]", *oldest_requirements(), *groups("tests"))
    run_tests(session, "-m", UNIT_TESTS)


@nox.session(default=False)
def bare(session: nox.Session) -> None:
    """Run the unit tests that need no optional package in an environment that has none."""
    session.install("-e.", *groups("tests"))
    run_tests(session, "-m", UNIT_TESTS)


@nox.session(default=False)
def ends(session: nox.Session) -> None:
    """Run the other tests of whole applications: how processes end, outages, the command line and the demo."""
    # Where Apache can be asked how its modules are compiled, mod_wsgi can be.
    apache = groups("apache") if shutil.which("apxs") else []
    session.install("-e.[all,demo,mcp,tui,view]", *groups("tests"), *groups("declarative"), *groups("servers"), *apache)
    run_tests(session, "-m", "e2e and not collector", "--ignore", "tests/e2e")


@nox.session(default=False)
def collector(session: nox.Session) -> None:
    """Send events to a real OpenTelemetry Collector."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("declarative"))
    run_tests(session, "-m", "collector", parallel=False)


@nox.session(default=False)
def libraries(session: nox.Session) -> None:
    """Call every instrumented library for real, with servers of Debian's packages."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("libraries"))
    run_tests(session, "-m", "libraries")


@nox.session(default=False)
def jobs(session: nox.Session) -> None:
    """Have job libraries perform jobs for real, with a Redis of Debian's."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("jobs"))
    run_tests(session, "-m", "libraries", "tests/jobs")


@nox.session(default=False)
def bugsink(session: nox.Session) -> None:
    """Send events to Bugsink, which checks them with Sentry's schema, and look at its pages in a browser."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("browser"))
    run_tests(session, "-m", "bugsink", parallel=False)


@nox.session(default=False)
def stack(session: nox.Session) -> None:
    """Prove each part of docker-compose.yml, where no container runs."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("stack"))
    run_tests(session, "-m", "libraries", "tests/stack", parallel=False)


@nox.session(default=False)
def viewer(session: nox.Session) -> None:
    """Look at the viewer's pages in a browser, with the events of the demo's shop."""
    session.install("-e.[all,demo,view]", *groups("tests"), *groups("browser"))
    run_tests(session, "-m", "browser", "tests/view", parallel=False)


@nox.session(default=False)
def wheel(session: nox.Session) -> None:
    """Run the tests that find a file missing, and the demo, against the built wheel, away from the checkout."""
    away = Path(session.create_tmp()).resolve()
    shutil.rmtree(away)
    shutil.copytree(ROOT, away, ignore=shutil.ignore_patterns("otel_crumbs", ".git", ".nox", ".venv", "dist"))
    session.install(*groups("wheel"), *groups("tests"))
    session.run("python", "-m", "build", "--wheel", "--outdir", str(away / "dist"))
    [built] = (away / "dist").glob("*.whl")
    session.install("--force-reinstall", f"otel-crumbs[all,demo,view] @ {built.as_uri()}")
    session.chdir(away)
    run_tests(session, "-m", UNIT_TESTS, *(f"tests/{name}" for name in FOLDERS_FOR_THE_WHEEL))
    session.run("otel-crumbs", "demo")


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of the documentation, then build it."""
    session.install("-e.[all,demo,view]", *groups("docs"))
    # Examples on a page build on each other: no random order.
    run_tests(session, "-p", "no:randomly", "-p", "docs.examples", "README.md", "docs", parallel=False)
    session.run("sphinx-build", "-q", "-W", "--keep-going", "docs", "docs/_build/html")


@nox.session
def changelog(session: nox.Session) -> None:
    """Check that the next release has notes."""
    session.install(*groups("changelog"))
    notes = session.run("towncrier", "build", "--draft", "--version", "next", silent=True, stderr=subprocess.DEVNULL)
    session.log(notes)
    if "No significant changes" in str(notes):
        session.error("changelog.d/ has no fragment: say what changed for users")


@nox.session(default=False)
def fix(session: nox.Session) -> None:
    """Format everything, fix what ruff can fix, and write the settings into the documentation."""
    session.install("-e.", *groups("lint"))
    session.run("ruff", "check", "--fix", "--exit-zero", ".")
    session.run("ruff", "format", ".")
    session.run("python", "docs/settings_table.py")
    session.run("python", "docs/sources_table.py")
    session.run("python", "docs/expected_table.py")
    session.run("python", "docs/scrubbing_table.py")


@nox.session(default=False)
def benchmarks(session: nox.Session) -> None:
    """Measure, side by side with sentry-sdk, and write docs/benchmarks.md; never part of the gates."""
    session.install("-e.", *groups("benchmarks"))
    if session.posargs:
        name, *arguments = session.posargs
        session.run("python", f"benchmarks/{name}.py", *arguments)
        return
    for name in ("run", "instructions", "web", "growth"):
        session.run("python", f"benchmarks/{name}.py", "--write")


@nox.session(default=False)
def comparison(session: nox.Session) -> None:
    """Ask otel-crumbs and sentry-sdk the same questions; never part of the gates."""
    session.install("-e.[demo]", *groups("benchmarks"))
    scripts = {"burst", "deaths", "scrubbers"}.intersection(session.posargs[:1])
    name, *arguments = session.posargs if scripts else ["run", *session.posargs]
    session.run("python", f"benchmarks/comparison/{name}.py", *arguments)


@nox.session(default=False)
def real_applications(session: nox.Session) -> None:
    """Make applications of other people fail, each in an environment of its own; never part of the gates."""
    session.install(*groups("applications"))
    session.run("python", "applications/run.py", *session.posargs)


@nox.session(default=False)
def peers(session: nox.Session) -> None:
    """Run other people's test suites without otel-crumbs and with it, and print the differences."""
    session.install(*groups("peers"))
    found = [f"--interpreter={version}={find_interpreter(version)}" for version in PYTHONS]
    session.run("python", "-m", "peers", *found, *session.posargs)


if __name__ == "__main__":
    sys.exit("run nox, not this file")
