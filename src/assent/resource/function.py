"""A plain function that runs only with a permit for exactly its arguments."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from assent.errors import RefusedError
from assent.resource.executor import Asked, Executor

P = ParamSpec("P")
R = TypeVar("R")


def permitted(executor: Executor, tool: str = "") -> Callable[[Callable[P, R]], Callable[..., R]]:
    """Decorate a function, or coroutine function, that has an effect.

    It then takes one keyword more, `permit`, and its arguments by keyword, as JSON values;
    they are what the permit is held against, before any default is filled in.

    Args:
        tool: the tool's name at the gateway; that of the function if empty.

    Raises:
        RefusedError, UnavailableError: from the call: as `Executor.accept`; nothing has run.
        TypeError: from the call: the arguments are not those of the function.
    """

    def decorate(function: Callable[P, R]) -> Callable[..., R]:
        name, signature = tool or function.__name__, inspect.signature(function)

        def asked(positional: tuple[object, ...], arguments: dict[str, object]) -> Asked:
            if positional:
                raise RefusedError("permit_differs", "a permitted function takes its arguments by name")
            signature.bind(**arguments)  # what cannot be called uses no permit up
            return Asked.of_tool(name, arguments)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def later(*positional: object, permit: object = None, **arguments: object) -> object:
                await executor.accepted(permit, asked(positional, arguments))
                return await function(**arguments)  # type: ignore[arg-type, call-arg]

            return later  # type: ignore[return-value]

        @functools.wraps(function)
        def now(*positional: object, permit: object = None, **arguments: object) -> R:
            executor.accept(permit, asked(positional, arguments))
            return function(**arguments)  # type: ignore[arg-type, call-arg]

        return now

    return decorate
