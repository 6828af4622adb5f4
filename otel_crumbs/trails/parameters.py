"""
Coroutine functions with the parameters of another one.

A server calls an ASGI application without arguments to learn whether it is the
factory of one: a call that lacks arguments must fail at once, as the
application's own does, and not when it is awaited.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from inspect import Parameter, Signature
from types import FunctionType, MethodType
from typing import Any

from otel_crumbs.base.guard import remove_own_frame

# Makes the operation of a call; of a generator function with the frame of the generator that it made.
Make = Callable[..., AbstractContextManager[Any]]

_LINES_BEFORE = sys._getframe().f_lineno  # noqa: SLF001 - public in all but name
_SOURCE = """
async def run_async{parameters}:
    try:
        with _otel_crumbs_make():
            return await _otel_crumbs_function({arguments})
    except _otel_crumbs_errors as _otel_crumbs_error:
        _otel_crumbs_remove_own_frame(_otel_crumbs_error)
        raise
"""
_ALL = Signature([Parameter("args", Parameter.VAR_POSITIONAL), Parameter("kwargs", Parameter.VAR_KEYWORD)])
_PASSED: dict[Any, str] = {
    Parameter.VAR_POSITIONAL: "*{0}",
    Parameter.KEYWORD_ONLY: "{0}={0}",
    Parameter.VAR_KEYWORD: "**{0}",
}


def make_coroutine_function(function: Callable[..., Any], make: Make) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return a coroutine function that awaits another one's result in a block, and takes what that one takes."""
    for signature in (_read_signature(function), _ALL):
        parameters = list(signature.parameters.values())
        bare = [parameter.replace(annotation=Parameter.empty, default=Parameter.empty) for parameter in parameters]
        arguments = ", ".join(_PASSED.get(parameter.kind, "{0}").format(parameter.name) for parameter in parameters)
        source = _SOURCE.format(parameters=Signature(bare), arguments=arguments)
        try:
            code = compile("\n" * _LINES_BEFORE + source, __file__, "exec", dont_inherit=True)
        except SyntaxError:  # somebody made a function of parts, with names that no source can have
            continue
        names: dict[str, Any] = {
            "__name__": __name__,
            "_otel_crumbs_errors": BaseException,
            "_otel_crumbs_function": function,
            "_otel_crumbs_make": make,
            "_otel_crumbs_remove_own_frame": remove_own_frame,
        }
        exec(code, names)  # noqa: S102 - nothing but names of parameters was put in
        run_async = names["run_async"]
        break
    _set_defaults(run_async, parameters)
    return run_async  # type: ignore[no-any-return]  # it was made a coroutine function


def _set_defaults(function: FunctionType, parameters: list[Parameter]) -> None:
    with_default = [parameter for parameter in parameters if parameter.default is not Parameter.empty]
    by_name = {
        parameter.name: parameter.default for parameter in with_default if parameter.kind is Parameter.KEYWORD_ONLY
    }
    function.__defaults__ = tuple(parameter.default for parameter in with_default if parameter.name not in by_name)
    function.__kwdefaults__ = by_name


def _read_signature(function: Callable[..., Any]) -> Signature:
    """Return the parameters that a callable has in truth, whatever it says that it has."""
    try:
        if isinstance(function, functools.partial):
            return inspect.signature(
                functools.partial(_copy_plainly(function.func), *function.args, **function.keywords)
            )
        return inspect.signature(_copy_plainly(function))
    except (TypeError, ValueError):  # it is no function of Python's in the end, or can never be called
        return _ALL


def _copy_plainly(function: Any) -> Callable[..., Any]:
    """Return a function with the same parameters and no attributes."""
    if isinstance(function, FunctionType):
        copy = FunctionType(function.__code__, {}, None, function.__defaults__, function.__closure__)
        copy.__kwdefaults__ = function.__kwdefaults__
        return copy
    is_method = isinstance(function, MethodType)
    method = function.__func__ if is_method else inspect.getattr_static(type(function), "__call__")
    if not isinstance(method, FunctionType):
        raise TypeError(type(method))
    # The object is bound to the first parameter.
    return MethodType(_copy_plainly(method), object())
