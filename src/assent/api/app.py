"""The application: routes of those who serve something, errors as problems, nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from assent.api.problems import HANDLERS


def app(*routes: Sequence[BaseRoute]) -> Starlette:
    """One application over the routes of the log, a witness, …; whoever owns a route adds it here.

    Args:
        routes: groups of routes, the first that fits answers.
    """
    compressed = Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    whole = [route for group in routes for route in group]
    return Starlette(routes=whole, middleware=[compressed], exception_handlers=HANDLERS)
