"""Which witnesses must have cosigned: policy files of c2sp.org/tlog-policy, read strictly.

A policy is an auditor's input, never the log's word: what a log says of its own
witnesses proves nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assent_verify.cosignature import Cosignature, WitnessKey
from assent_verify.errors import ProofError
from assent_verify.note import VerifierKey

NOBODY = "none"  # the quorum that asks for no cosignature
MAX_FILE = 512 * 1024
_MOST = 256  # of logs, witnesses and groups each; the specification asks for at least 32


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these witnesses and groups must agree."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs and witnesses, and the rule that says which cosignatures are enough.

    Args:
        witnesses: by the name that the policy gives them.
        groups: each after those it names.
        quorum: name of a witness or group; `none` asks for no cosignature.
        logs: keys of logs; empty if they are known otherwise.
        urls: vkey → where it is reached, where the policy says so.
    """

    witnesses: Mapping[str, WitnessKey]
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = "none"
    logs: tuple[VerifierKey, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)

    def met(self, keys: Iterable[WitnessKey]) -> bool:
        """Are the cosignatures of these witnesses enough?"""
        signed = frozenset(keys)
        agreed = {"none"} | {name for name, key in self.witnesses.items() if key in signed}
        for name, group in self.groups.items():
            if sum(member in agreed for member in group.members) >= group.threshold:
                agreed.add(name)
        return self.quorum in agreed

    def since(self, found: Sequence[Cosignature]) -> int | None:
        """When the quorum was reached, in seconds since the epoch; 0 for `none`, None if it was not.

        Args:
            found: oldest first.
        """
        for enough in range(len(found) + 1):
            if self.met(one.key for one in found[:enough]):
                return found[enough - 1].time if enough else 0
        return None

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Read a policy file.

        Raises:
            ProofError: `bad_policy` or `bad_key`, with the line.
        """
        if len(data) > MAX_FILE or not data.endswith(b"\n"):
            raise ProofError("bad_policy", f"expected at most {MAX_FILE} bytes of lines, each ended by a newline")
        if any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in data):
            raise ProofError("bad_policy", "the policy holds a control character")
        reading = _Reading()
        # every octet above ASCII is opaque, so each is one character here
        for number, line in enumerate(data.decode("latin-1")[:-1].split("\n"), 1):
            words = [word for word in line.replace("\t", " ").split(" ") if word]
            if words and not words[0].startswith("#"):
                try:
                    reading.line(words)
                except ProofError as error:
                    raise ProofError(error.code, f"line {number}: {error.message}") from error
        return reading.policy()


def quorum_of(keys: Sequence[WitnessKey], threshold: int) -> Policy:
    """The policy that asks for `threshold` of these witnesses.

    Raises:
        ProofError: `bad_policy`.
    """
    lines = [f"witness w{number} {key}" for number, key in enumerate(keys)]
    names = " ".join(f"w{number}" for number in range(len(keys)))
    lines += [f"group all-witnesses {threshold} {names}", "quorum all-witnesses"]
    return Policy.parse("".join(f"{line}\n" for line in lines).encode())


class _Reading:
    """A policy while its lines are read."""

    def __init__(self) -> None:
        self._logs: list[VerifierKey] = []
        self._witnesses: dict[str, WitnessKey] = {}
        self._groups: dict[str, Group] = {}
        self._urls: dict[str, str] = {}
        self._grouped: set[str] = set()
        self._quorum = ""

    def line(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) < 2:
                self._log(_vkey(vkey), url)
            case ["witness", name, vkey, *url] if len(url) < 2:
                self._witness(name, WitnessKey.parse(_vkey(vkey)), url)
            case ["group", name, threshold, *members] if members:
                self._group(name, threshold, members)
            case ["quorum", name]:
                if self._quorum:
                    raise ProofError("bad_policy", "there is a quorum already")
                if name != "none":
                    self._defined(name)
                self._quorum = name
            case _:
                raise ProofError("bad_policy", "expected `log`, `witness`, `group` or `quorum` with what belongs to it")

    def policy(self) -> Policy:
        if not self._quorum:
            raise ProofError("bad_policy", "there is no `quorum` line")
        own = {key.public for key in self._logs} & {key.public for key in self._witnesses.values()}
        if own:
            raise ProofError("bad_policy", "a log would witness itself: its key is among the witnesses")
        return Policy(self._witnesses, self._groups, self._quorum, tuple(self._logs), self._urls)

    def _log(self, vkey: str, url: list[str]) -> None:
        key = VerifierKey.parse(vkey)
        if any(key.public == other.public for other in self._logs) or len(self._logs) >= _MOST:
            raise ProofError("bad_policy", f"log `{key.name}`: this key stands here already, or there are too many")
        self._logs.append(key)
        self._urls |= {vkey: url[0]} if url else {}

    def _witness(self, name: str, key: WitnessKey, url: list[str]) -> None:
        self._new(name)
        if any(key.public == other.public for other in self._witnesses.values()) or len(self._witnesses) >= _MOST:
            raise ProofError("bad_policy", f"witness `{name}`: this key stands here already, or there are too many")
        self._witnesses[name] = key
        self._urls |= {str(key): url[0]} if url else {}

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        self._new(name)
        for member in members:
            self._defined(member)
            if member in self._grouped:
                raise ProofError("bad_policy", f"`{member}` is in a group already")
            self._grouped.add(member)
        wanted = {"all": len(members), "any": 1}.get(threshold)
        if wanted is None:
            decimal = threshold.isascii() and threshold.isdecimal() and threshold[0] != "0" and len(threshold) < 4
            wanted = int(threshold) if decimal else 0
        if not 1 <= wanted <= len(members) or len(self._groups) >= _MOST:
            text = f"expected `all`, `any` or a number from 1 to {len(members)}, got `{threshold}`"
            raise ProofError("bad_policy", f"group `{name}`: {text}")
        self._groups[name] = Group(wanted, tuple(members))

    def _new(self, name: str) -> None:
        if name == "none" or name in self._witnesses or name in self._groups:
            raise ProofError("bad_policy", f"`{name}` is defined already")

    def _defined(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise ProofError("bad_policy", f"`{name}` is not defined above this line")


def _vkey(word: str) -> str:
    try:
        return word.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProofError("bad_key", "the name of a key is not UTF-8") from error
