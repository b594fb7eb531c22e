"""The published vectors of permits are those of the code, and an executor passes them."""

from __future__ import annotations

import json
from pathlib import Path

from assent_verify.canonical import canonicalize, digest

from assent.errors import RefusedError
from assent.identity.permits import Trust
from assent.resource.executor import Asked, Executor
from assent.stores.consumed import SqliteConsumption
from conformance.permit import generate


def test_vectors_are_current() -> None:
    """`python -m conformance.permit.generate` was run after the last change."""
    for name, text in generate.files().items():
        assert (generate.HERE / name).read_text() == text, name


def test_an_executor_passes(tmp_path: Path) -> None:
    """Each step, in order, gets the code that it must."""
    told = json.loads((generate.HERE / "vectors.json").read_text())
    now = [0]
    store = SqliteConsumption(tmp_path / "consumed.db", lambda: now[0])
    executor = Executor(told["audience"], Trust.parse(canonicalize(told["jwks"])), store)
    for step in told["steps"]:
        now[0], code = step["now"], ""
        try:
            executor.accept(step["token"], Asked.of_params(step["method"], step["params"]))
        except RefusedError as error:
            code = error.code
        assert code == step["code"], step["name"]
    for one in told["actions"]:
        assert digest(one["canonical"].encode()) == one["digest"]
