"""DESIGN §4.6: obligations come from determining permits and unite to the strictest."""

from __future__ import annotations

from tests.unit.decide.calls import bundle, call, decided, verdict

A = '@id("a") @limit("rows=100") @on("output") @notify("chat") permit (principal, action, resource);'
B = '@id("b") @limit("rows=20") @on("output") @redact("email") permit (principal, action, resource);'
C = '@id("c") @limit("rows=1") @on("output") permit (principal, action in Action::"effect:read", resource);'


def test_obligations_of_all_determining_permits_unite() -> None:
    """The smaller limit holds, a permit that does not apply obliges to nothing."""
    found = decided(bundle(A, B, C), call()).obligations
    said = {(one.kind, one.value, one.on, one.policy) for one in found}
    assert said == {
        ("limit", "rows=20", "output", "b"),
        ("notify", "chat", "", "a"),
        ("redact", "email", "output", "b"),
    }
    again = decided(bundle(A.replace('"a"', '"z"'), B), call()).obligations
    assert [one.value for one in again if one.kind == "limit"] == ["rows=20"]


def test_a_conflict_denies() -> None:
    """§4.3: two credentials cannot both be used."""
    one = '@id("a") @credential("x") permit (principal, action, resource);'
    assert verdict(bundle(one), call()) == "allow permitted"
    assert verdict(bundle(one, one.replace('"a"', '"b"')), call()) == "allow permitted"
    assert verdict(bundle(one, one.replace('"a"', '"b"').replace('"x"', '"y"')), call()) == "deny obligation_conflict"


def test_only_a_narrowable_argument_may_be_narrowed() -> None:
    """§4.6: a permit that would change another argument cannot be carried out."""
    rule = '@id("a") @limit("count=5") @on("arguments") permit (principal, action, resource);'
    assert verdict(bundle(rule), call()) == "deny obligation_conflict"
    assert verdict(bundle(rule), call(profile={"narrowable": frozenset({"count"})})) == "allow permitted"
