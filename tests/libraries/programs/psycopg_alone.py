"""Connects to PostgreSQL while the instrumentation of psycopg comes and goes: PORT."""

from __future__ import annotations

import sys

import psycopg

import otel_crumbs
from tests.libraries.describing import instrumented
from tests.libraries.programs.printing import report, set_up

PORT = int(sys.argv[1])


def use_it() -> None:
    """Carry out a transaction, and fail to connect."""
    with psycopg.connect(host="127.0.0.1", port=PORT, user="crumbs", dbname="postgres") as connection:
        connection.execute("select 1")
    psycopg.connect(host="127.0.0.1", port=PORT, user="crumbs", dbname="hats")


def main() -> None:
    """Install before the instrumentation, and within it; at the end psycopg is as it was."""
    places = [(owner, vars(owner)[name]) for owner, name in PLACES]
    set_up()
    report("alone", use_it)
    otel_crumbs.uninstall()
    as_before = [vars(owner)[name] for owner, name in PLACES] == [found for _, found in places]
    otel_crumbs.install(exporter="none")
    with instrumented("psycopg"):
        report("below the instrumentation", use_it)
        otel_crumbs.uninstall()
        otel_crumbs.install(exporter="none")
        report("put below the instrumentation", use_it)
    report("after the instrumentation", use_it)
    otel_crumbs.uninstall()
    report("uninstalled", use_it)
    report("as before" if as_before else "not as before", lambda: None)


PLACES = (
    (psycopg, "connect"),
    (psycopg.Connection, "connect"),
    (psycopg.AsyncConnection, "connect"),
    (psycopg.BaseConnection, "_exec_command"),
)

if __name__ == "__main__":
    main()
