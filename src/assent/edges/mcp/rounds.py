"""Questions that ride inside results (MCP 2026-07-28), and the kinds of results there are.

A question of a running task (extension `io.modelcontextprotocol/tasks`, SEP-2663) comes
with every `tasks/get` until it is answered, and is answered by `tasks/update`, which
carries no state: what a task has asked is remembered here. It need not outlive the
gateway, since the server asks again as long as it has no answer.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping

from assent_verify.canonical import canonicalize, digest

logger = logging.getLogger("assent.gateway")

#: Kinds of results (`resultType`); none at all, before 2026-07-28, means `complete`.
COMPLETE, INPUT_REQUIRED, TASK = "complete", "input_required", "task"
#: Most tasks, and questions of one of them, that are remembered.
MAX_TASKS, MAX_QUESTIONS = 1024, 64


def known_kind(body: Mapping[str, object], *, passed: bool = False) -> bool:
    """Is it a result that can be judged? One of another kind could carry anything.

    Args:
        passed: the request was not governed: its result is complete and asks nothing.
    """
    kind = body.get("resultType", COMPLETE)
    if passed:
        return kind == COMPLETE and "inputRequests" not in body
    return kind in (COMPLETE, INPUT_REQUIRED, TASK) and isinstance(body.get("inputRequests", {}), dict)


def asked_in(body: Mapping[str, object]) -> Mapping[str, object]:
    """The questions in a result, by name."""
    asked = body.get("inputRequests")
    return asked if isinstance(asked, dict) else {}


def quiet(params: Mapping[str, object]) -> bool:
    """May a `notifications/tasks` pass? One that asks or carries a result may not: `tasks/get` brings both, decided."""
    return not params.keys() & {"inputRequests", "result", "error"}


class Tasks:
    """What the running tasks of a server have asked."""

    def __init__(self) -> None:
        self._asked: OrderedDict[str, dict[str, str]] = OrderedDict()

    def fresh(self, params: Mapping[str, object], body: Mapping[str, object]) -> dict[str, object]:
        """The questions in the answer to a `tasks/get` that were not let through before."""
        known = self._asked.get(str(params.get("taskId")), {})
        return {name: inner for name, inner in asked_in(body).items() if known.get(name) != _digest(inner)}

    def remember(self, params: Mapping[str, object], body: Mapping[str, object]) -> None:
        """These questions have been let through, so they may be answered."""
        task = str(params.get("taskId"))
        asked = {name: _digest(inner) for name, inner in list(asked_in(body).items())[:MAX_QUESTIONS]}
        self._asked.pop(task, None)
        if asked:
            self._asked[task] = asked
        while len(self._asked) > MAX_TASKS:
            self._asked.popitem(last=False)

    def answered(self, params: dict[str, object]) -> dict[str, object]:
        """A `tasks/update` with only the answers to what its task has asked."""
        answers = params.get("inputResponses")
        known = self._asked.get(str(params.get("taskId")), {})
        kept = {name: answer for name, answer in answers.items() if name in known} if isinstance(answers, dict) else {}
        if not isinstance(answers, dict) or len(kept) < len(answers):
            logger.warning("left out answers to questions that the task has not asked")
        return {**params, "inputResponses": kept}


def _digest(inner: object) -> str:
    return digest(canonicalize(inner))
