"""URLs and hosts: one name for every spelling, what kind of place it is, and what the URL carries out."""

from __future__ import annotations

import base64

import pytest

from assent.catalog.analysers.host import read_host
from assent.catalog.analysers.reading import NOTHING
from assent.catalog.analysers.url import LONGEST, read_host_name, read_url
from assent.catalog.methods import method_profile
from assent.model.profile import ToolProfile

PROFILE = ToolProfile("fetch", frozenset({"read"}), targets={"url": "url"})
SPELLINGS = {
    "127.0.0.1": (
        "127.0.0.1 127.1 127.0.1 2130706433 0x7f.1 0x7f000001 0X7F.0.0.1 127.0.0.1. %31%32%37.0.0.1 %2531%2532%2537.1 "
        "127。0。0。1 ①②⑦.0.0.1 １２７.0.0.1 [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:7f00:0001]"
    ).split(),
    "169.254.169.254": "169.254.169.254 2852039166 0xa9fea9fe 0xa9.0xfe.43518 169.254.43518 [::ffff:a9fe:a9fe]".split(),
    "::1": "[::1] [0:0:0:0:0:0:0:1] [::0001] [::1%25eth0] [::1%lo]".split(),
    "example.com": "example.com EXAMPLE.com example.com. ex%61mple.com ｅｘａｍｐｌｅ.com exam\u00adple.com".split(),
    "xn--bcher-kva.de": "bücher.de BÜCHER.de bu\u0308cher.de xn--bcher-kva.de XN--BCHER-KVA.DE b%C3%BCcher.de".split(),
}
READS = [
    "https://example.com",
    "https://docs.python.org/3.11/library/asyncio-task.html#asyncio.create_task",
    "https://www.example.com/search?q=python+dataclass+frozen+slots&hl=en&page=2",
    "https://github.com/python/cpython/commit/0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
    "https://example.org/wiki/%E6%97%A5%E6%9C%AC",
    "https://arxiv.org/abs/2406.12345v2",
    "https://api.example.com/repos/a/b/pulls?state=open&per_page=100&since=2026-11-24T12:00:00Z",
    "https://example.com/document/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit",
    "  https://example.com/  ",
    "example.com/a",
]
SECRET = "AKIA" + "IOSFODNN7EXAMPLE"
SENDS = [
    f"https://evil.example/?d={SECRET}",
    f"https://evil.example/{base64.b64encode(SECRET.encode()).decode()}",
    f"https://evil.example/?d={base64.b64encode(SECRET.encode()).decode().rstrip('=')}",
    f"https://evil.example/#{SECRET.encode().hex()}",
    f"https://evil.example/?d={''.join(f'%{ord(char):02x}' for char in SECRET)}",
    "https://evil.example/" + "a1B2" * 16,
    "https://evil.example/?" + "&".join(f"p{n}={n:04x}e1f" for n in range(10)),
    "https://evil.example/?q=" + "the+words+of+a+letter+" * 12,
    f"https://{'a1b2c3d4' * 4}.{'e5f6a7b8' * 4}.evil.example/",
    "https://user:pass@example.com/",
    "https://user@example.com/",
]
UNKNOWN = [
    "",
    "not a url",
    "http://",
    "http:/evil.example",
    "http:evil.example",
    "http:///evil.example/",
    "http:\\\\evil.example\\",
    "http://good.example\\@evil.example/",
    "http://good.example\\.evil.example/",
    "http://1.1.1.1 &@2.2.2.2# @3.3.3.3/",
    "http://good%40evil.example/",
    "http://a..b/",
    "http://256.1.1.1/",
    "http://1.2.3.4.5/",
    "http://a.example:99999/",
    "http://a.example:port/",
    "http://[::1/",
    "http://\u2100.example/",
    "http://good.example／evil/",
    "http://xn--google-.com/",
    "http://0177.0.0.1/",
    "ht\ntp://example.com/",
    "http://exa\tmple.com/",
    "http://example.com/\r\nHost: evil",
    "http://example.com/\0",
    "data:text/html,hello",
    "javascript:alert(1)",
    "ftp://example.com/x",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "dict://127.0.0.1:11211/stat",
    "ext::sh -c id",
    "view-source:http://example.com",
    "jar:http://example.com!/x",
    "ws://example.com/",
    "file://server/share/x",
    "https://example.com/" + "a" * LONGEST,
]
PRIVATE = (
    "http://10.0.0.1/ http://172.16.9.9/ http://192.168.1.1/ http://127.0.0.1:8080/ http://0.0.0.0/ http://0/ "
    "http://100.64.0.1/ http://169.254.1.1/ http://224.0.0.1/ http://255.255.255.255/ http://[::]/ http://[fe80::1]/ "
    "http://[fc00::1]/ http://[fec0::1]/ http://[ff02::1]/ http://[::127.0.0.1]/ http://[64:ff9b::10.0.0.1]/ "
    "http://[2002:0a00:0001::]/ http://[2001:db8::1]/ http://localhost/ http://LOCALHOST./ http://a.localhost/ "
    "localhost:3000 http://redis:6379/ http://printer.local/ http://host.docker.internal/ http://10.0.0.1.nip.io/ "
    "http://7f000001.nip.io/ https://r.example/http://10.0.0.1/ https://r.example/?u=http%3A%2F%2Flocalhost%2F"
).split()
METADATA = (
    "http://169.254.169.254/latest/meta-data/ http://2852039166/ http://[::ffff:169.254.169.254]/ "
    "http://[64:ff9b::a9fe:a9fe]/ http://[fd00:ec2::254]/ http://169.254.170.2/v2/credentials http://169.254.170.23/ "
    "http://metadata.google.internal/computeMetadata/v1/ http://metadata.google.internal./ http://metadata/ "
    "http://100.100.100.200/ http://192.0.0.192/ http://168.63.129.16/ http://169-254-169-254.sslip.io/ "
    "http://instance-data/latest https://r.example/http://169.254.169.254/ gopher://169.254.169.254/"
).split()
LOOKALIKES = (
    "http://раураl.com/ http://xn--80ak6aa92e.com/ http://ｅxample.com/ http://gοοgle.com/ http://exam\u200bple.com/"
)
PLAIN = "http://bücher.de/ http://россия.рф/ http://пример.com/ http://日本.jp/ http://ελλάδα.gr/ http://한국.kr/ http://straße.de/"


@pytest.mark.parametrize(("name", "spelled"), [(name, one) for name, every in SPELLINGS.items() for one in every])
def test_every_spelling_of_a_host_is_one_host(name: str, spelled: str) -> None:
    """As a host, and as the host of a URL."""
    host = read_host(spelled)
    assert host is not None
    assert host.names == (name,)
    assert read_url(f"http://{spelled}:80/", PROFILE).hosts == (name,)
    assert read_host_name(f"{spelled}:80", PROFILE).hosts == (name,)


@pytest.mark.parametrize("url", READS)
def test_a_page_is_read(url: str) -> None:
    """Words, numbers, one commit or document id: nothing leaves with them."""
    found = read_url(url, PROFILE)
    assert (found.effects, found.reversibility, found.complete, found.facts) == (
        {"read"},
        "reversible",
        True,
        frozenset(),
    )


@pytest.mark.parametrize("url", SENDS)
def test_a_url_that_carries_data_sends(url: str) -> None:
    """Secrets however written, much that is no word, much altogether, inner labels, user names."""
    found = read_url(url, PROFILE)
    assert found.effects == {"send"}
    assert found.reversibility == "irreversible"
    assert found.recipients == found.hosts != ()


@pytest.mark.parametrize("url", UNKNOWN)
def test_what_is_unclear_is_the_worst(url: str) -> None:
    """Other schemes, what cannot be read, and what two readers read as two hosts."""
    found = read_url(url, PROFILE)
    assert "unknown" in found.effects
    assert (found.reversibility, found.complete) == ("irreversible", False)


@pytest.mark.parametrize("url", PRIVATE)
def test_private_addresses_are_facts(url: str) -> None:
    """Every range of the registries, names of this machine and of inner networks, also behind another service."""
    assert "private_host" in read_url(url, PROFILE).facts


@pytest.mark.parametrize("url", METADATA)
def test_metadata_addresses_are_facts(url: str) -> None:
    """Whatever cloud, however spelled."""
    assert {"metadata_host", "private_host"} & read_url(url, PROFILE).facts >= {"metadata_host"}


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "http://[2606:4700::1111]/", "http://example.com/", "http://1.1/"])
def test_public_addresses_are_not_private(url: str) -> None:
    """Otherwise every call would ask."""
    assert not read_url(url, PROFILE).facts


@pytest.mark.parametrize("url", LOOKALIKES.split())
def test_look_alike_hosts_are_facts(url: str) -> None:
    """Mixed scripts, words drawn like Latin ones, other forms of letters, signs that are not shown."""
    assert "lookalike" in read_url(url, PROFILE).facts


@pytest.mark.parametrize("url", PLAIN.split())
def test_names_in_other_languages_are_no_look_alikes(url: str) -> None:
    """One script, or scripts that are written together."""
    assert "lookalike" not in read_url(url, PROFILE).facts


def test_both_hosts_of_an_ambiguous_url_are_named() -> None:
    """A rule about either must see it."""
    assert read_url("http://good.example\\@evil.example/", PROFILE).hosts == ("evil.example", "good.example")
    assert read_url("http://0177.0.0.1/", PROFILE).hosts == ("127.0.0.1", "177.0.0.1")


def test_credentials_are_a_fact() -> None:
    """`http://good@evil` goes to evil."""
    found = read_url("http://good.example@evil.example/", PROFILE)
    assert (found.hosts, found.facts) == (("evil.example",), {"credentials_in_url"})


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/shadow",
        "FILE:/etc/shadow",
        "file:\\\\\\etc\\shadow",
        "file://localhost/etc/shadow",
        " file:/etc/shadow#a",
    ],
)
def test_a_file_url_names_a_file(url: str) -> None:
    """So that it is judged as a path."""
    assert "/etc/shadow" in {file.text for file in read_url(url, PROFILE).files}


def test_lists_and_objects_are_read_whole() -> None:
    """One bad URL is enough; keys and other texts of an object are no URLs."""
    assert read_url(["https://a.example", "http://10.0.0.1"], PROFILE).facts == {"private_host"}
    assert read_url({"href": "http://10.0.0.1", "title": "a b"}, PROFILE).effects == {"read"}
    assert read_url(["https://a.example"] * 65, PROFILE).effects == {"unknown"}
    assert read_url(7, PROFILE).effects == {"unknown"}
    assert read_url(None, PROFILE).effects == {"read"}


def test_an_address_in_a_url_is_a_recipient() -> None:
    """`mailto:` opens a letter."""
    assert read_url("mailto:a@b.example?cc=c@d.example", PROFILE).recipients == ("b.example", "d.example")


@pytest.mark.parametrize("uri", ["memo://insights", "x://y", "github://repo/readme", "postgres://schema/users"])
def test_a_servers_own_names_for_resources_fetch_nothing(uri: str) -> None:
    """A resource's address is an identifier; as the argument of a tool, who knows what it does with it."""
    assert read_url(uri, method_profile("resources/read")) == NOTHING
    assert read_url(uri, ToolProfile("open", frozenset({"read"}), targets={"uri": "url"})).effects != {"read"}


@pytest.mark.parametrize(
    "uri", ["http://169.254.169.254/", "FILE:///etc/shadow", "gopher://127.0.0.1:1/", "proxy://http://10.0.0.1/"]
)
def test_a_resource_that_is_fetched_is_read_like_any_url(uri: str) -> None:
    """Many servers take a URL for the name of a resource."""
    profile = method_profile("resources/read")
    assert read_url(uri, profile) == read_url(uri, ToolProfile("open", frozenset({"read"})))
