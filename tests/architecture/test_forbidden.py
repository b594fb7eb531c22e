"""What must not exist does not, and each rule refuses a deliberate breach."""

from __future__ import annotations

import pytest

from tests.architecture import forbidden
from tests.architecture.source import modules, parse

BREACHES = [
    ("file_names", "assent/utils.py", "x = 1"),
    ("file_names", "assent/edges/common.py", "x = 1"),
    ("file_names", "assent/policy/bundle_v2.py", "x = 1"),
    ("class_names", "assent/record/log.py", "class LogManager: ..."),
    ("class_names", "assent/approve/answer.py", "class ApprovalService: ..."),
    ("one_decision", "assent/enforce/guard.py", "class Decision: ..."),
    ("one_decision", "assent/record/log.py", "class AuditEntry: ..."),
    ("broad_except", "assent/record/log.py", "def g():\n    try:\n        f()\n    except Exception:\n        x = 1"),
    ("broad_except", "assent/policy/load.py", "def g():\n    try:\n        f()\n    except:\n        x = 1"),
    (
        "broad_except",
        "assent/policy/load.py",
        "def g():\n    try:\n        f()\n    except (ValueError, BaseException):\n        x = 1",
    ),
    ("singletons", "assent/config.py", "CONFIG = load()"),
    ("singletons", "assent/stores/sqlite.py", "DB = sqlite3.connect('x')"),
    ("singletons", "assent/cli/main.py", "setup_logging()"),
    ("singletons", "assent/policy/index.py", "cache: dict[str, str] = {}"),
    ("singletons", "assent/policy/index.py", "def f():\n    global x\n    x = 1"),
    ("singletons", "assent/policy/index.py", "if FAST:\n    DB = connect()"),
    ("singletons", "assent/policy/index.py", "try:\n    DB = connect()\nfinally:\n    x = 1"),
    ("singletons", "assent/policy/index.py", "try:\n    x = 1\nfinally:\n    DB = connect()"),
    ("singletons", "assent/policy/index.py", "with x:\n    y = 1"),
    ("singletons", "assent/policy/index.py", "for x in y:\n    z = 1"),
    ("singletons", "assent/policy/index.py", "class Index:\n    db = connect()"),
    ("singletons", "assent/policy/index.py", "class Index:\n    known: dict[str, str] = {}"),
    ("singletons", "assent/policy/index.py", "def f(db=connect()): return db"),
    ("sql_formatted", "assent/stores/sqlite.py", "q = f'SELECT * FROM {table}'"),
    ("sql_formatted", "assent/stores/sqlite.py", "q = 'DELETE FROM ' + table"),
    ("sql_formatted", "assent/stores/sqlite.py", "q = 'INSERT INTO %s' % table"),
    ("sql_formatted", "assent/stores/sqlite.py", "def f(t): return 'UPDATE {} SET x = 1'.format(t)"),
    ("skip_flags", "assent/enforce/guard.py", "def authorize(call, skip_checks=False): return 1"),
    ("skip_flags", "assent/enforce/guard.py", "def authorize(call, *, no_receipt=False): return 1"),
    ("skip_flags", "assent/enforce/guard.py", "def authorize(call, force=False): return 1"),
    ("skip_flags", "assent/config.py", "class Config:\n    disable_receipts: bool = False"),
    ("skip_flags", "assent/config.py", "class Config:\n    fail_open: bool = False"),
    ("pure_builtins", "assent/policy/load.py", "def f(p): return open(p).read()"),
    ("pure_builtins", "assent/decide/pdp.py", "def f(): return __import__('time')"),
    ("pure_builtins", "assent/decide/pdp.py", "def f(): return importlib.import_module('time')"),
    ("unfinished", "assent/approve/expire.py", 'def expire():\n    """Later."""\n    pass'),
    ("unfinished", "assent/approve/expire.py", "def expire():\n    raise NotImplementedError('later')"),
]

ALLOWED = [
    ("assent/model/ids.py", "SessionId = NewType('SessionId', str)"),
    ("assent/policy/text.py", "_WORD = re.compile('a')"),
    ("assent/model/x.py", "@dataclass(frozen=True)\nclass P:\n    x: int\nORIGIN = P(0)"),
    ("assent/edges/mcp/gateway.py", "def g():\n    try:\n        f()\n    except Exception:\n        x = 1"),
    (
        "assent/stores/sqlite.py",
        "def g():\n    try:\n        f()\n    except BaseException:\n        close()\n        raise",
    ),
    ("assent/ports.py", "class Clock(Protocol):\n    def now(self) -> int: ..."),
    ("assent/cli/main.py", "def f(): print('x')"),
    ("assent/cli/main.py", "if __name__ == '__main__':\n    main()"),
    ("assent/model/x.py", "@dataclass\nclass P:\n    x: dict[str, str] = field(default_factory=dict)"),
]


def test_nothing_forbidden_exists() -> None:
    """Both packages keep every rule, save where a reason is written down and still needed."""
    found = forbidden.breaches(modules(), forbidden.REASONS)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("rule", "name", "text"), BREACHES)
def test_each_rule_refuses(rule: str, name: str, text: str) -> None:
    """A deliberate breach is found, by its own rule and no other."""
    found = forbidden.breaches([parse(name, text)], {})
    assert [breach.split()[0] for breach in found] == [rule]


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_what_is_meant_passes(name: str, text: str) -> None:
    """Frozen constants, edges that must answer, clean-up and Protocols are no breach."""
    assert forbidden.breaches([parse(name, text)], {}) == []


def test_every_rule_is_tried() -> None:
    """No rule is without a breach that it refuses."""
    assert {rule.__name__ for rule in forbidden.RULES} == {rule for rule, _, _ in BREACHES}


def test_stale_reasons_are_refused() -> None:
    """A reason that nothing needs goes."""
    assert forbidden.breaches([], {"broad_except assent/x.py": "gone"}) == [
        "broad_except assent/x.py: nothing there needs this reason"
    ]
