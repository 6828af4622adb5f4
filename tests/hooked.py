"""The attributes of Python and of an application's providers that an installation replaces."""

from __future__ import annotations

import asyncio
import gc
import http.client
import logging
import multiprocessing.process
import os
import subprocess
import sys
import threading
from concurrent import futures
from typing import Any

from opentelemetry import _logs, trace

from otel_crumbs import BreadcrumbSpanProcessor
from tests.application import Application


def python_hooks() -> dict[str, Any]:
    """Return everything of Python's that is hooked."""
    return {
        "a thread's end": threading._make_invoke_excepthook,  # type: ignore[attr-defined]  # it is private
        "the main thread's end": tuple(threading._threading_atexits),  # type: ignore[attr-defined]  # it is private
        "sys.unraisablehook": sys.unraisablehook,
        "the collector's phases": len(gc.callbacks),
        "asyncio": asyncio.BaseEventLoop.call_exception_handler,
        "create_task": vars(asyncio.BaseEventLoop)["create_task"],
        "a job's submission": vars(futures.thread._WorkItem)["__init__"],
        "a job's run": vars(futures.thread._WorkItem)["run"],
        "a child process": multiprocessing.process.BaseProcess._bootstrap,
        "os._exit": os._exit,
        "os.execv": os.execv,
        "os.execve": os.execve,
        "methods of loggers": [
            vars(logging.Logger)[name].__code__ for name in ("callHandlers", "handle", "info", "log")
        ],
        "LoggerAdapter.log": logging.LoggerAdapter.log.__code__,
        "putrequest": http.client.HTTPConnection.putrequest,
        "getresponse": http.client.HTTPConnection.getresponse,
        "endheaders": http.client.HTTPConnection.endheaders,
        "a subprocess that starts": subprocess.Popen._execute_child,
        "wait": subprocess.Popen.wait,
        "communicate": subprocess.Popen.communicate,
        "poll": subprocess.Popen.poll,
        "a dropped span": trace.NonRecordingSpan.__init__,
        "setter of tracer providers": trace._set_tracer_provider,
        "setter of logger providers": _logs._internal._set_logger_provider,
    }


def provider_parts(app: Application) -> dict[str, Any]:
    """Return everything of the application's providers that is changed."""
    return {
        "span processors": app.tracer_provider._active_span_processor._span_processors,
        "log record processors": app.logger_provider._multi_log_record_processor._log_record_processors,
    }


def processors(app: Application) -> list[Any]:
    """Return our span processors on a provider."""
    many = app.tracer_provider._active_span_processor._span_processors
    return [processor for processor in many if isinstance(processor, BreadcrumbSpanProcessor)]
