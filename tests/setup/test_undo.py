"""Tests of undo in processes of their own: after `uninstall()` nothing is left of an installation, nor of a hundred."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.setup.test_every_hook import HOOKED

# An application, and what it does with breadcrumbs between the two calls.
PROGRAM = """
import asyncio, atexit, collections, contextvars, gc, http.client, importlib, json, logging
import sys, threading, time, weakref
from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider
import otel_crumbs
from otel_crumbs.base import fork, patching

for name in {hooked}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
if {sdk}:
    trace.set_tracer_provider(TracerProvider())
    _logs.set_logger_provider(LoggerProvider())
logging.getLogger("shop").addHandler(logging.NullHandler())

class Kept:
    name, spool = "kept", False
    def export(self, event, timeout):
        return otel_crumbs.export.DELIVERED
    def shutdown(self): pass

def use():
    with trace.get_tracer("shop").start_as_current_span("GET", kind=trace.SpanKind.SERVER):
        otel_crumbs.record("inside")
    otel_crumbs.record("outside")
    logging.getLogger("shop").warning("line")
    with otel_crumbs.operation("job"):
        otel_crumbs.record("in a job")
    otel_crumbs.capture_exception(ValueError("boom"))

async def use_in_tasks():
    await asyncio.gather(*(asyncio.to_thread(use) for _ in range(2)))
    use()

def pair(number):
    installation = otel_crumbs.install(exporter=Kept())
    use()
    if number % 20 == 0:
        threading.Thread(target=use).start()
        asyncio.run(use_in_tasks())
    if number % 2:
        # Somebody hooks in later, and takes himself off when this package has gone.
        inner = http.client.HTTPConnection.putrequest
        http.client.HTTPConnection.putrequest = lambda *args, **kwargs: inner(*args, **kwargs)
    assert otel_crumbs.flush(20)
    kept = [weakref.ref(each) for each in (installation, installation.reporter, installation.delivery)]
    otel_crumbs.uninstall()
    if number % 2:
        http.client.HTTPConnection.putrequest = inner
    return kept

def count():
    gc.collect()
    objects = gc.get_objects()
    names = collections.Counter(str(type(each).__module__) for each in objects)
    return {{name: number for name, number in names.items() if name.startswith("otel_crumbs")}}, len(objects)

original = http.client.HTTPConnection.putrequest
before = threading.enumerate(), list(sys.meta_path), logging.getLogger().handlers[:]
for number in range(4):
    pair(number)
first, objects = count()
kept = [each for number in range(100) for each in pair(number)]
deadline = time.monotonic() + 20
while set(threading.enumerate()) - set(before[0]) and time.monotonic() < deadline:
    time.sleep(0.01)
gc.collect()
alive = sum(each() is not None for each in kept)
kept.clear()
last, more = count()
otel_crumbs.install(exporter="none")
otel_crumbs.uninstall()
gc.collect()
print(json.dumps({{
    "alive": alive,
    "objects": more - objects,
    "grown": {{name: last[name] - first.get(name, 0) for name in last if last[name] > first.get(name, 0)}},
    "branches": sum(type(each).__name__ in {{"Branch", "Ring"}} for each in gc.get_objects()),
    "variables": [variable.name for variable in contextvars.copy_context() if "otel_crumbs" in variable.name],
    "finders": [str(each) for each in sys.meta_path if each not in before[1]],
    "waiters": len(patching._finder._waiters),
    "threads": [each.name for each in threading.enumerate() if each not in before[0]],
    "hooks of forks": len(fork._hooks),
    "handlers": len(logging.getLogger().handlers) - len(before[2]),
    "put back": http.client.HTTPConnection.putrequest is original,
}}))
"""

NOTHING: dict[str, Any] = {
    "alive": 0,
    "grown": {},
    "branches": 0,
    "variables": [],
    "finders": [],
    "waiters": 0,
    "threads": [],
    "hooks of forks": 0,
    "handlers": 0,
    "put back": True,
}
# Of all objects together a few come and go: caches of the standard library's, interned names.
FEW = 300


@pytest.mark.parametrize("hooked", [(), HOOKED], ids=["nothing imported", "everything imported"])
@pytest.mark.parametrize("sdk", [False, True], ids=["without an SDK", "with an SDK"])
def test_a_hundred_installations_leave_nothing(hooked: tuple[str, ...], *, sdk: bool) -> None:
    """Nor do the threads, tasks and operations that used them, with somebody else's hook put in between."""
    program = PROGRAM.format(hooked=hooked, sdk=sdk)
    # Coverage keeps what it saw of every thread.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False, env=environ
    )

    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found.pop("objects") < FEW
    assert found == NOTHING


def test_a_task_that_uninstalls_keeps_empty_variables() -> None:
    """Python takes a variable out of a context only by the token of its first setting, which would keep the context."""
    program = """
import asyncio, contextvars, otel_crumbs

async def work():
    otel_crumbs.install(exporter="none")
    otel_crumbs.record("note")
    otel_crumbs.uninstall()
    return [value for variable, value in contextvars.copy_context().items() if "otel_crumbs" in variable.name]

print(asyncio.run(work()), [each.name for each in contextvars.copy_context()])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "[None] []\n"


def test_other_settings_keep_the_trail() -> None:
    """Whoever installs again goes on where the first installation left off."""
    program = """
import otel_crumbs
otel_crumbs.install(exporter="none")
otel_crumbs.record("early")
otel_crumbs.install(exporter="none", max_breadcrumbs=50)
print([each.message for each in otel_crumbs.trail()])
otel_crumbs.uninstall()
print([each.message for each in otel_crumbs.trail()])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "['early']\n[]\n"
