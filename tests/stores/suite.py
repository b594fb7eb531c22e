"""The contract of every store; each backend's test file runs it on a store of its own.

class TestMine(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]: ...
"""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from assent_verify.merkle import leaf_hash, root_of
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.errors import UnavailableError
from assent.model.ids import ActionDigest, ApprovalId, AttemptId, DelegationId, LeafIndex, SessionId
from assent.ports import AttemptState, Kept, Once, Passage, Pin, Prior, Reader, Sidecar, Spent, Store
from assent.stores.tables import TABLES
from tests.stores.world import RECORDS, a_delegation, a_session, an_approval, an_attempt, sha

Batch = tuple[bool, list[tuple[int, int, bool]]]
#: Batches of jobs: does the batch fail, and per job a key, a value, and does it succeed?
BATCHES = st.lists(
    st.tuples(st.booleans(), st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.booleans()), max_size=6)),
    max_size=6,
)


class StoreContract:
    """Rules that hold for a store whatever it is made of."""

    # -- records

    @pytest.mark.parametrize("record", RECORDS, ids=lambda record: TABLES[type(record)].name)
    def test_a_record_comes_back_as_it_was_put(self, store: Store, record: object) -> None:
        """Every kind, by its key and among all, within the batch and after it; dropped, it is gone."""
        table = TABLES[type(record)]
        key = table.key_of(record)
        with store.begin() as tx:
            assert tx.find(type(record), *key) is None
            tx.put(record)
            assert tx.find(type(record), *key) == record
        with store.read() as reader:
            assert reader.find(type(record), *key) == record
            assert reader.find_all(type(record)) == [record]
            for by in table.by:
                assert reader.find_all(type(record), by, getattr(record, by)) == [record]
                assert reader.find_all(type(record), by, "another") == []
            if table.before:
                at = getattr(record, table.before)
                assert reader.find_all(type(record), table.before, at) == []
                assert reader.find_all(type(record), table.before, at + 1) == [record]
        with store.begin() as tx:
            tx.drop(type(record), *key)
            assert tx.find(type(record), *key) is None and tx.find_all(type(record)) == []
        with store.read() as reader:
            assert reader.find(type(record), *key) is None

    def test_records_are_found_in_order_and_put_in_place(self, store: Store) -> None:
        """Buffered and committed ones are one table, in the order of their keys; the last put holds."""
        with store.begin() as tx:
            tx.put(Spent("b", "calls", 1))
            tx.put(Spent("a", "calls", 1))
        with store.begin() as tx:
            tx.put(Spent("a", "calls", 2))
            tx.put(Spent("c", "calls", 3))
            tx.put(Once("x", 5))
            assert [(one.owner, one.used) for one in tx.find_all(Spent)] == [("a", 2), ("b", 1), ("c", 3)]
        with store.read() as reader:
            assert [(one.owner, one.used) for one in reader.find_all(Spent)] == [("a", 2), ("b", 1), ("c", 3)]

    # -- the log

    def test_the_root_is_that_of_rfc_6962(self, store: Store) -> None:
        """After any number of batches, size and root are those of the leaves that were appended."""
        leaves = [f"leaf {n}".encode() for n in range(11)]
        at = 0
        for many in (1, 0, 3, 2, 5):
            with store.begin() as tx:
                for leaf in leaves[at : at + many]:
                    assert tx.append(leaf) == at
                    at += 1
                assert tx.root() == (at, root_of([leaf_hash(leaf) for leaf in leaves[:at]]))
        with store.read() as reader:
            assert reader.size() == 11
            assert list(reader.leaves()) == list(enumerate(leaves))
            assert list(reader.leaves(3, 5)) == [(3, leaves[3]), (4, leaves[4])]
            assert reader.leaf(LeafIndex(10)) == leaves[10]
            assert reader.leaf(LeafIndex(11)) is None

    def test_a_signed_checkpoint_takes_cosignatures(self, store: Store) -> None:
        """Its note is replaced, in the same batch and later; an unsigned size takes none."""
        with store.begin() as tx:
            tx.append(b"a")
            tx.claim_checkpoint("one")
            assert tx.newest_checkpoint() is None
            with pytest.raises(ValueError, match="not signed"):
                tx.cosign_checkpoint(1, b"early")
        with store.begin() as tx:
            tx.put_checkpoint(1, b"note")
            assert tx.newest_checkpoint() == (1, b"note")
        with store.begin() as tx:
            tx.cosign_checkpoint(1, b"note+")
            assert tx.newest_checkpoint() == (1, b"note+")
        with store.begin() as tx:
            tx.append(b"b")
            tx.claim_checkpoint("two")
            tx.put_checkpoint(2, b"second")
            tx.cosign_checkpoint(2, b"second+")
            assert tx.newest_checkpoint() == (2, b"second+")
        with store.read() as reader:
            assert reader.checkpoints() == [(1, b"note+"), (2, b"second+")]
            assert reader.newest_checkpoint() == (2, b"second+")

    def test_time_stamps_are_kept_by_size(self, store: Store) -> None:
        """Oldest first, within the batch and after it; a second answer takes the place of the first."""
        with store.begin() as tx:
            tx.put_timestamp(5, b"late")
            tx.put_timestamp(2, b"early")
            assert tx.timestamps() == [(2, b"early"), (5, b"late")]
        with store.begin() as tx:
            tx.put_timestamp(5, b"later")
        with store.read() as reader:
            assert reader.timestamps() == [(2, b"early"), (5, b"later")]

    def test_a_transaction_sees_its_own_leaves(self, store: Store) -> None:
        """Committed and buffered leaves are one log to whoever writes."""
        with store.begin() as tx:
            tx.append(b"a")
        with store.begin() as tx:
            tx.append(b"b")
            tx.append(b"c")
            assert list(tx.leaves()) == [(0, b"a"), (1, b"b"), (2, b"c")]
            assert list(tx.leaves(1, 2)) == [(1, b"b")]
            assert (tx.size(), tx.leaf(LeafIndex(0)), tx.leaf(LeafIndex(2))) == (3, b"a", b"c")

    def test_tiles_are_kept_and_grow(self, store: Store) -> None:
        """A tile comes back as it was last put; how many leaves are hashed is told by level 0 alone."""
        with store.begin() as tx:
            assert (tx.tile(0, 0), tx.tiled()) == (None, 0)
            tx.put_tile(0, 0, b"a" * 8192)
            tx.put_tile(1, 0, b"b" * 32)
            assert (tx.tile(1, 0), tx.tiled()) == (b"b" * 32, 256)
        with store.begin() as tx:
            tx.put_tile(0, 1, b"c" * 8192)
            tx.put_tile(1, 0, b"b" * 64)
            assert tx.tiled() == 512
        with store.read() as reader:
            assert [reader.tile(0, 1), reader.tile(1, 0), reader.tile(0, 2)] == [b"c" * 8192, b"b" * 64, None]
            assert reader.tiled() == 512

    def test_leaves_that_are_dropped_are_gone_and_the_log_stays(self, store: Store) -> None:
        """Bodies go, numbers, size and root stay, and the log grows on; a failed transaction drops none."""
        with store.begin() as tx:
            for n in range(6):
                tx.append(b"leaf %d" % n)
            before = tx.root()
        with pytest.raises(RuntimeError), store.begin() as tx:
            tx.drop_leaves(0, 4)
            raise RuntimeError
        with store.begin() as tx:
            tx.drop_leaves(0, 2)
            assert (tx.leaf(LeafIndex(1)), tx.leaf(LeafIndex(2))) == (None, b"leaf 2")
            assert [index for index, _ in tx.leaves()] == [2, 3, 4, 5]
            with pytest.raises(ValueError, match="committed"):
                tx.drop_leaves(4, 7)
        with store.begin() as tx:
            assert tx.root() == before
            assert tx.append(b"leaf 6") == 6
        with store.read() as reader:
            assert (reader.size(), reader.leaf(LeafIndex(0)), reader.leaf(LeafIndex(2))) == (7, None, b"leaf 2")
            assert [index for index, _ in reader.leaves(1, 5)] == [2, 3, 4]

    def test_nothing_of_a_failed_transaction_stays(self, store: Store) -> None:
        """An error inside leaves rows, leaves and root as they were."""
        with store.begin() as tx:
            tx.append(b"kept")
            tx.put_state("key", "old")
            before = tx.root()
        with pytest.raises(RuntimeError), store.begin() as tx:
            tx.append(b"lost")
            tx.put_state("key", "new")
            tx.put_session(a_session())
            raise RuntimeError
        with store.begin() as tx:
            assert tx.root() == before
            assert (tx.state("key"), tx.session(SessionId("ses_one"))) == ("old", None)

    def test_a_savepoint_drops_one_job_alone(self, store: Store) -> None:
        """What a failed job wrote or deleted is undone; what others wrote in the batch stays."""
        with store.begin() as tx:
            with tx.savepoint():
                tx.append(b"first")
                tx.put_state("key", "first")
                tx.put_kept(Kept(SessionId("s"), ActionDigest(sha("a")), AttemptId("t"), b"r"))
            with pytest.raises(RuntimeError), tx.savepoint():
                tx.append(b"second")
                tx.put_state("key", "second")
                tx.put_state("other", "second")
                tx.put_attempt(an_attempt())
                assert tx.take_kept(SessionId("s"), ActionDigest(sha("a"))) is not None
                assert tx.root()[0] == 2
                raise RuntimeError
            with tx.savepoint():
                assert tx.append(b"third") == 1
                assert list(tx.attempts_like(sha("same"))) == []
        with store.read() as reader:
            assert [leaf for _, leaf in reader.leaves()] == [b"first", b"third"]
            assert (reader.state("key"), reader.state("other")) == ("first", None)
            assert reader.kept(SessionId("s"), ActionDigest(sha("a"))) is not None

    def test_delegations_are_of_a_session_and_change(self, store: Store) -> None:
        """Every member survives; a later put replaces; those of one session come oldest first."""
        one, two = a_delegation("one", created=7), a_delegation("two")
        other = a_delegation("other", session=SessionId("ses_two"))
        with store.begin() as tx:
            for given in (one, two, other):
                tx.put_delegation(given)
            assert tx.delegations(one.session) == [two, one]
        with store.begin() as tx:
            tx.put_delegation(replace(two, used=2))
            assert tx.delegation(two.id) == replace(two, used=2)
            assert tx.delegations(one.session) == [replace(two, used=2), one]
        with store.read() as reader:
            assert reader.delegation(one.id) == one
            assert reader.delegation(DelegationId("dlg_none")) is None
            assert reader.delegations(one.session) == [replace(two, used=2), one]
            assert len(reader.delegations()) == 3

    # -- rows

    def test_rows_come_back_as_they_were_put(self, store: Store) -> None:
        """Every member of every kind of row survives, in the transaction and after it."""
        session, attempt, approval = a_session(), an_attempt(), an_approval()
        pin = Pin("files", "write", sha("d"), "{}", sha("o"), '{"x":1}')
        side = Sidecar(LeafIndex(0), b"\x00\xff" * 8, '{"path":"é"}', 50)
        prior = Prior(attempt.id, "/tmp/é", b"\x00bytes", LeafIndex(0))
        absent = Prior(attempt.id, "/tmp/new", None)
        with store.begin() as tx:
            tx.append(b"leaf")
            tx.put_session(session)
            tx.put_attempt(attempt)
            tx.put_approval(approval)
            tx.put_pin(pin)
            tx.put_sidecar(side)
            tx.put_prior(absent)
            tx.put_prior(prior)
            tx.put_refusal(session.id, sha("no"))
            tx.put_archive(sha("b"), "bundle", b"text")
            tx.put_node("node_1", "boot:1:2")
            seen = [self._everything(tx)]
        with store.read() as reader:
            seen.append(self._everything(reader))
        rest = ([absent, prior], True, b"text", {"node_1": "boot:1:2"})
        for found in seen:
            assert found == (session, attempt, approval, pin, side, *rest)

    @staticmethod
    def _everything(reader: Reader) -> tuple[object, ...]:
        return (
            reader.session(SessionId("ses_one")),
            reader.attempt(AttemptId("att_one")),
            reader.approval(ApprovalId("apr_one")),
            reader.pin("files", "write"),
            reader.sidecar(LeafIndex(0)),
            sorted(reader.priors(AttemptId("att_one")), key=lambda prior: prior.content is not None),
            reader.refused(SessionId("ses_one"), sha("no")),
            reader.archived(sha("b")),
            dict(reader.nodes()),
        )

    def test_what_is_not_there_is_none(self, store: Store) -> None:
        """Asking for what nobody put is no error and finds nothing."""
        with store.begin() as tx:
            tx.put_state("x", "y")
            assert tx.session(SessionId("no")) is None
        with store.read() as reader:
            assert self._everything(reader) == (None, None, None, None, None, [], False, None, {})
            assert (reader.size(), reader.last_checkpoint(), reader.session_of("no")) == (0, 0, None)

    def test_session_of_a_client_is_its_open_one(self, store: Store) -> None:
        """A client's ended session is never given out again."""
        with store.begin() as tx:
            tx.put_session(a_session("one", client="c"))
        with store.begin() as tx:
            assert tx.session_of("c") == a_session("one", client="c")
            tx.put_session(a_session("one", client="c", status="ended", ended=5))
            assert tx.session_of("c") is None
            tx.put_session(a_session("two", client="c"))
            found = tx.session_of("c")
            assert found is not None and found.id == "ses_two"
            assert [session.id for session in tx.sessions(open_only=True)] == ["ses_two"]
        with store.read() as reader:
            assert [session.id for session in reader.sessions(open_only=True)] == ["ses_two"]
            assert [session.id for session in reader.sessions(open_only=False)] == ["ses_one", "ses_two"]

    def test_attempts_like_are_those_that_may_have_happened(self, store: Store) -> None:
        """Only executing, overdue and unknown attempts of the same effect are found, from every layer."""
        states: tuple[AttemptState, ...] = ("executing", "waiting", "unknown", "gap")
        with store.begin() as tx:
            for name, state in zip("abcd", states, strict=True):
                tx.put_attempt(an_attempt(name, state))
            tx.put_attempt(an_attempt("e", "executing", sameness=sha("different")))
        with store.begin() as tx:
            tx.drop_attempt(AttemptId("att_a"))
            tx.put_attempt(an_attempt("b", "executing"))
            tx.put_attempt(an_attempt("d", "gap", sameness=sha("another")))
            assert sorted(each.id for each in tx.attempts_like(sha("same"))) == ["att_b", "att_c"]
            assert [each.id for each in tx.attempts_in("executing")] == ["att_b", "att_e"]
            assert tx.attempt(AttemptId("att_a")) is None
        with store.read() as reader:
            assert sorted(each.id for each in reader.attempts_like(sha("same"))) == ["att_b", "att_c"]
            assert [each.id for each in reader.attempts_like(sha("another"))] == ["att_d"]
            assert [each.id for each in reader.attempts_in("executing")] == ["att_b", "att_e"]
            assert [each.id for each in reader.attempts_in("waiting")] == []
            assert reader.attempt(AttemptId("att_a")) is None

    def test_approval_for_is_the_newest_live_one(self, store: Store) -> None:
        """Expired, cancelled and executed approvals are never presented to a decision."""
        one = an_approval("one", created=1, status="approved")
        two = an_approval("two", created=2, status="pending")
        with store.begin() as tx:
            tx.put_approval(one)
            tx.put_approval(two)
            tx.put_approval(an_approval("three", created=3, status="expired"))
            tx.put_approval(an_approval("four", created=4, action=ActionDigest(sha("else"))))
        with store.begin() as tx:
            assert tx.approval_for(one.session, one.action) == two
            tx.put_approval(replace(two, status="executed"))
            assert tx.approval_for(one.session, one.action) == one
            assert [each.id for each in tx.approvals(status="approved")] == ["apr_one"]
        with store.read() as reader:
            assert reader.approval_for(one.session, one.action) == one
            assert [each.id for each in reader.approvals()] == ["apr_one", "apr_two", "apr_three", "apr_four"]
            assert [each.id for each in reader.approvals(status="executed")] == ["apr_two"]

    def test_a_kept_result_is_given_out_once(self, store: Store) -> None:
        """Taking removes it for every later transaction."""
        kept = Kept(SessionId("s"), ActionDigest(sha("a")), AttemptId("t"), b"result")
        with store.begin() as tx:
            tx.put_kept(kept)
        with store.begin() as tx:
            assert tx.take_kept(kept.session, kept.action) == kept
            assert tx.take_kept(kept.session, kept.action) is None
        with store.read() as reader:
            assert reader.kept(kept.session, kept.action) is None

    def test_two_kept_results_of_one_action_are_both_given_out(self, store: Store) -> None:
        """Taking the first of two leaves the second."""
        first = Kept(SessionId("s"), ActionDigest(sha("a")), AttemptId("t1"), b"1")
        second = replace(first, attempt=AttemptId("t2"), result=b"2")
        with store.begin() as tx:
            tx.put_kept(first)
            tx.put_kept(second)
        with store.begin() as tx:
            assert tx.take_kept(first.session, first.action) == first
            assert tx.take_kept(first.session, first.action) == second
            assert tx.take_kept(first.session, first.action) is None

    def test_an_archived_text_never_changes(self, store: Store) -> None:
        """A second put of a digest is nothing, whatever it brings."""
        with store.begin() as tx:
            tx.put_archive(sha("b"), "bundle", b"first")
            tx.put_archive(sha("b"), "bundle", b"second")
        with store.begin() as tx:
            tx.put_archive(sha("b"), "bundle", b"third")
        with store.read() as reader:
            assert reader.archived(sha("b")) == b"first"

    def test_expired_sidecars_are_erased_and_leaves_stay(self, store: Store) -> None:
        """Erasing counts what it erased, and no leaf is touched."""
        with store.begin() as tx:
            for n in range(4):
                tx.append(b"leaf")
                tx.put_sidecar(Sidecar(LeafIndex(n), b"s" * 16, "{}", 10 * n))
        with store.begin() as tx:
            assert [row[0] for row in tx.sidecars(20)] == [0, 1]
            tx.drop_values([LeafIndex(0), LeafIndex(1)])
            assert [*tx.sidecars(20)] == []
            assert tx.sidecar(LeafIndex(1)) is None
        with store.read() as reader:
            assert [reader.sidecar(LeafIndex(n)) is None for n in range(4)] == [True, True, False, False]
            assert reader.size() == 4

    def test_nodes_come_and_go(self, store: Store) -> None:
        """A dropped node is gone, in the transaction and after it."""
        with store.begin() as tx:
            tx.put_node("a", "1")
            tx.put_node("b", "2")
        with store.begin() as tx:
            tx.drop_node("a")
            assert dict(tx.nodes()) == {"b": "2"}
        with store.read() as reader:
            assert dict(reader.nodes()) == {"b": "2"}

    def test_pins_of_one_server(self, store: Store) -> None:
        """Pins are listed by server and tool, changed ones once."""
        pin = Pin("a", "t", sha("1"), "{}", sha("1"), "{}")
        with store.begin() as tx:
            tx.put_pin(pin)
            tx.put_pin(replace(pin, server="b"))
        with store.begin() as tx:
            tx.put_pin(replace(pin, offered=sha("2")))
            assert [each.offered for each in tx.pins("a")] == [sha("2")]
        with store.read() as reader:
            assert [(each.server, each.offered) for each in reader.pins()] == [("a", sha("2")), ("b", sha("1"))]

    # -- checkpoints

    def test_a_size_is_claimed_once_and_signed_once(self, store: Store) -> None:
        """Two texts are never claimed for one size, and a note needs a claim."""
        with store.begin() as tx:
            tx.append(b"a")
            tx.claim_checkpoint("body 1\n")
            assert dict(tx.unsigned()) == {1: "body 1\n"}
            assert (tx.claimed(1), tx.claimed(2)) == (tx.root()[1], None)
        with pytest.raises(ValueError), store.begin() as tx:
            tx.claim_checkpoint("another body\n")
        with store.begin() as tx:
            tx.put_checkpoint(1, b"note 1")
            assert dict(tx.unsigned()) == {}
        for size in (1, 2):
            with pytest.raises(ValueError), store.begin() as tx:
                tx.put_checkpoint(size, b"note 2")
        with store.read() as reader:
            assert list(reader.checkpoints()) == [(1, b"note 1")]
            assert (dict(reader.unsigned()), reader.last_checkpoint()) == ({}, 1)
            assert (reader.claimed(1), reader.claimed(2)) == (leaf_hash(b"a"), None)

    # -- readers, and the end

    def test_a_reader_sees_one_snapshot(self, store: Store) -> None:
        """What is committed while a reader looks is not half there for it; a new one sees all."""
        with store.begin() as tx:
            tx.put_state("key", "old")
        done = threading.Event()

        def write() -> None:
            with store.begin() as tx:
                tx.put_state("key", "new")
                tx.append(b"leaf")
            done.set()

        with store.read() as reader:
            assert reader.state("key") == "old"
            thread = threading.Thread(target=write)
            thread.start()
            done.wait(0.3)
            assert (reader.state("key"), reader.size()) == ("old", 0)
        thread.join()
        with store.read() as reader:
            assert (reader.state("key"), reader.size()) == ("new", 1)

    def test_changed_moves_with_every_commit_that_writes(self, store: Store) -> None:
        """Who waits for news can ask a number."""
        before = store.changed()
        assert store.changed() == before
        with store.begin() as tx:
            tx.put_state("key", "value")
        assert store.changed() != before

    def test_a_closed_store_refuses(self, store: Store) -> None:
        """After `close`, reading and writing say that the store is unavailable; closing again is nothing."""
        store.close()
        store.close()
        with pytest.raises(UnavailableError) as reading, store.read():
            pass
        with pytest.raises(UnavailableError) as writing, store.begin():
            pass
        assert (reading.value.code, writing.value.code) == ("store_closed", "store_closed")

    def test_batches_of_jobs_are_as_jobs_one_by_one(self, store: Store) -> None:
        """A dictionary that ignores failed jobs and failed batches says what the store must hold."""

        @settings(max_examples=25, deadline=None)
        @given(BATCHES)
        def holds(batches: list[Batch]) -> None:
            self._compare_with_a_dictionary(store, batches)

        holds()

    @staticmethod
    def _compare_with_a_dictionary(store: Store, batches: list[Batch]) -> None:
        with store.begin() as tx:
            model = {key: tx.state(f"k{key}") for key in range(4)}
            size = tx.size()
        for fails, jobs in batches:
            after, grown = dict(model), size
            try:
                with store.begin() as tx:
                    for key, value, good in jobs:
                        try:
                            with tx.savepoint():
                                assert tx.state(f"k{key}") == after[key]
                                tx.put_state(f"k{key}", str(value))
                                tx.append(str(value).encode())
                                if not good:
                                    raise KeyError
                            after[key], grown = str(value), grown + 1
                        except KeyError:
                            pass
                    if fails:
                        raise LookupError
                model, size = after, grown
            except LookupError:
                pass
            with store.read() as reader:
                assert {key: reader.state(f"k{key}") for key in range(4)} == model
                assert reader.size() == size

    # -- what servers brought

    def test_passages_are_told_from_where_one_has_read(self, store: Store) -> None:
        """By session, oldest first, with ids that only grow, also after some were dropped."""
        one, two = SessionId("ses_1"), SessionId("ses_2")
        with store.begin() as tx:
            tx.put_passage(Passage(one, "mail", b"a" * 8))
            tx.put_passage(Passage(two, "mail", b"b" * 8))
            assert [each.prints for each in tx.passages(one)] == [b"a" * 8]
        with store.begin() as tx:
            tx.put_passage(Passage(one, "files", b"c" * 16))
            assert [each.server for each in tx.passages(one)] == ["mail", "files"]
        with store.read() as reader:
            assert reader.passage_sessions() == [one, two]
            first, second = reader.passages(one)
            assert reader.passages(one, first.id) == [second]
            assert second == Passage(one, "files", b"c" * 16, second.id)
            assert second.id > first.id > 0
        with store.begin() as tx:
            tx.drop_passages(one)
            assert not tx.passages(one)
            tx.put_passage(Passage(one, "web", b"d" * 8))
            assert [each.server for each in tx.passages(one)] == ["web"]
        with store.read() as reader:
            assert [each.server for each in reader.passages(one, second.id)] == ["web"]
            assert [each.server for each in reader.passages(two)] == ["mail"]

    def test_a_failed_batch_brings_no_passage(self, store: Store) -> None:
        """Nothing is kept if the job that wrote it raises."""
        session = SessionId("ses_1")
        with store.begin() as tx, pytest.raises(ZeroDivisionError), tx.savepoint():
            tx.put_passage(Passage(session, "mail", b"a" * 8))
            tx.drop_passages(session)
            raise ZeroDivisionError
        with store.read() as reader:
            assert not reader.passages(session)
