"""Tests mirror the package: a module's tests are found by its name, or by this table."""

from __future__ import annotations

import pytest

from .project import PACKAGE, ROOT, package_files

# Modules whose tests have another name, because they only work together with another module, or in a whole process.
ELSEWHERE = {
    "base/defaults.py": "setup/test_config.py",
    "base/identity.py": "export/test_app_logs.py",
    "base/mechanisms.py": "setup/test_config.py",
    "base/resource.py": "setup/test_providers.py",
    "breadcrumbs.py": "gates/test_public_names.py",
    "capture/aiohttp_responses.py": "libraries/test_answers.py",
    "capture/asgi_applications.py": "libraries/test_answers.py",
    "capture/celery_stand_ins.py": "libraries/test_celery.py",
    "capture/celery_tasks.py": "libraries/test_celery.py",
    "capture/child_processes.py": "delivery/test_shutdown.py",
    "capture/django_responses.py": "libraries/test_answers.py",
    "capture/django_signal.py": "django/test_middleware.py",
    "capture/gunicorn_timeouts.py": "delivery/test_gunicorn.py",
    "capture/thread_stacks.py": "capture/test_slow_operations.py",
    "capture/litestar_responses.py": "libraries/test_other_web_frameworks.py",
    "capture/werkzeug_responses.py": "libraries/test_answers.py",
    "capture/postponed_answers.py": "libraries/test_web_frameworks.py",
    "capture/job_libraries.py": "jobs/test_jobs.py",
    "agents/answers.py": "agents/test_tools.py",
    "agents/commands.py": "agents/test_server.py",
    **dict.fromkeys(
        (
            f"shell/{name}.py"
            for name in ("errors_command", "opened_store", "printed_event", "show_command", "tail_command")
        ),
        "shell/test_commands.py",
    ),
    "demo/narrator.py": "demo/test_run.py",
    "view/received_event.py": "demo/test_receiver.py",
    "view/received_span.py": "view/test_receiving.py",
    "view/addresses.py": "view/test_receiving.py",
    "view/access.py": "view/test_application.py",
    "view/live.py": "view/test_application.py",
    "view/pages.py": "view/test_application.py",
    "view/rendering.py": "view/test_application.py",
    "view/program.py": "view/test_command.py",
    "view/run.py": "view/test_command.py",
    "demo/viewer.py": "demo/test_run.py",
    "view/received_sentry_facts.py": "view/test_received_sentry.py",
    "view/terminal_error.py": "view/test_terminal.py",
    "view/terminal_text.py": "view/test_terminal.py",
    "view/record.py": "view/test_receiving.py",
    "view/body.py": "view/test_receiving.py",
    "view/otlp_json.py": "view/test_receiving.py",
    "view/tables.py": "view/test_store.py",
    "view/store_error.py": "view/test_store.py",
    "view/pruning.py": "view/test_store.py",
    "view/summary.py": "view/test_store.py",
    "view/filters.py": "view/test_queries.py",
    **dict.fromkeys(
        (f"view/{name}.py" for name in ("search_counts", "group_count", "series_counts")), "view/test_groups.py"
    ),
    "view/printable_lines.py": "view/test_markdown.py",
    "demo/requirements.py": "demo/test_run.py",
    "demo/shop.py": "demo/test_run.py",
    "demo/visits.py": "demo/test_run.py",
    "django/apps.py": "django/test_checks.py",
    "doctor/hooks.py": "doctor/test_run.py",
    "doctor/instrumentations.py": "doctor/test_run.py",
    "doctor/report.py": "doctor/test_run.py",
    "doctor/section.py": "doctor/test_run.py",
    "doctor/exporters.py": "doctor/test_run.py",
    "doctor/settings.py": "doctor/test_run.py",
    "doctor/versions.py": "doctor/test_run.py",
    "doctor/logged_warnings.py": "doctor/test_run.py",
    "event/captured.py": "event/test_build.py",
    "event/copies.py": "event/test_build.py",
    "event/hook_results.py": "event/test_build.py",
    "event/model.py": "event/test_build.py",
    "event/scrubbing/assignments.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/commands.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/data.py": "event/test_scrub.py",
    "event/scrubbing/files.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/glance.py": "event/test_scrub.py",
    "event/scrubbing/headers.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/markup.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/names.py": "event/test_scrub.py",
    "event/scrubbing/numbers.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/positional.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/private_keys.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/prose.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/quoted.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/rule.py": "event/test_scrub.py",
    "event/scrubbing/sql.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/strength.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/table.py": "event/test_scrub.py",
    "event/scrubbing/tokens.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/urls.py": "event/scrubbing/test_corpus.py",
    "event/scrubbing/values.py": "event/scrubbing/test_corpus.py",
    "event/stack_text.py": "export/sentry/test_payload.py",
    "export/console.py": "setup/test_exporters.py",
    "export/http/endpoint.py": "setup/test_exporters.py",
    "export/otlp/attributes.py": "export/otlp/test_wire.py",
    "export/otlp/grpc_exporter.py": "collector/test_wire.py",
    "export/sentry/dsn.py": "setup/test_exporters.py",
    "export/spool/location.py": "export/spool/test_spool.py",
    "recorder/crash.py": "recorder/test_recovery.py",
    "recorder/entry_texts.py": "recorder/test_deaths.py",
    "recorder/layout.py": "recorder/test_recovery.py",
    "recorder/reading.py": "recorder/test_recovery.py",
    "recorder/recorder.py": "recorder/test_deaths.py",
    "recorder/recording.py": "recorder/test_recovery.py",
    "setup/recorder.py": "recorder/test_deaths.py",
    "setup/recover.py": "recorder/test_deaths.py",
    "setup/environment_variables.py": "test_instrumentor.py",
    "setup/parsers.py": "setup/test_config.py",
    "setup/apache_processes.py": "delivery/test_apache.py",
    "setup/uwsgi_workers.py": "delivery/test_uwsgi.py",
    "shutdown/atexit_hook.py": "delivery/test_shutdown.py",
    "shutdown/os_exit.py": "delivery/test_shutdown.py",
    "shutdown/signal_actions.py": "shutdown/test_fatal_signals.py",
    "shutdown/signal_watcher.py": "shutdown/test_fatal_signals.py",
    "sources/databases/aiomysql.py": "libraries/test_async_databases.py",
    "sources/databases/asyncpg.py": "libraries/test_async_databases.py",
    "sources/databases/failed_connects.py": "libraries/test_sql.py",
    "sources/databases/psycopg.py": "libraries/test_psycopg.py",
    "sources/databases/sqlite.py": "libraries/test_sql.py",
    "sources/databases/sqlalchemy.py": "libraries/test_sql.py",
    "sources/logs/entry.py": "sources/logs/test_logging_hook.py",
    "sources/logs/thresholds.py": "sources/logs/test_logging_hook.py",
    "sources/rules/calls.py": "sources/rules/test_table.py",
    "sources/rules/databases.py": "sources/rules/test_table.py",
    "sources/rules/facts.py": "sources/rules/test_table.py",
    "sources/rules/reasons.py": "sources/rules/test_table.py",
    **dict.fromkeys(
        (f"sources/retries/{name}.py" for name in ("attempt", "botocore", "httpcore", "tenacity", "urllib3")),
        "libraries/test_retries.py",
    ),
    "sources/spans/redirects.py": "libraries/test_http_clients.py",
    "sources/swallowed/entry.py": "sources/swallowed/test_monitoring.py",
    "testing/fixtures.py": "testing/test_events.py",
    "trails/breadcrumb.py": "sources/test_notes.py",
    "trails/entry.py": "trails/test_ring.py",
    "trails/anyio_threads.py": "libraries/test_work_that_goes_on.py",
    "trails/operation.py": "trails/test_operation_block.py",
    "trails/runner.py": "trails/test_event_loops.py",
}

TESTS = ROOT / "tests"
MODULES = sorted(
    str(path.relative_to(PACKAGE)) for path in package_files() if path.name not in {"__init__.py", "__main__.py"}
)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_its_tests(module: str) -> None:
    """They are in the file of its name, or in the one that the table says."""
    folder, _, name = module.rpartition("/")
    mirrored = TESTS / folder / f"test_{name}"

    expected = TESTS / ELSEWHERE[module] if module in ELSEWHERE else mirrored

    assert expected.exists()
    assert module not in ELSEWHERE or not mirrored.exists()


def test_the_table_has_no_row_too_many() -> None:
    """A module that is gone has none."""
    assert set(ELSEWHERE) <= set(MODULES)
