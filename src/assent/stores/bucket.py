"""A bucket of an object store (S3, or what speaks its protocol) that a log is published to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from assent.errors import ConfigError, UnavailableError
from assent.stores.directory import differs

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ObjectStore

#: What the store says to whoever fetches (c2sp.org/tlog-tiles): a checkpoint changes, all else never does.
IMMUTABLE = "public, max-age=31536000, immutable"
CHANGES = "public, max-age=2"
_PATIENCE = 30  # seconds


class Bucket:
    """`ports.Place` in a bucket. Credentials and region are those of the environment, as everywhere.

    Args:
        url: `s3://BUCKET/PREFIX`, or another that `obstore` knows.

    Raises:
        ConfigError: `extra_missing`, or `bad_place` if the URL is none.
    """

    def __init__(self, url: str) -> None:
        try:
            from obstore import exceptions
            from obstore.store import from_url
        except ModuleNotFoundError as error:
            text = "publishing to a bucket needs the extra `objects`"
            raise ConfigError("extra_missing", text, help="pip install 'assent[objects]'") from error
        self._errors = exceptions
        self._url = url.partition("?")[0]
        try:
            self._store: ObjectStore = from_url(
                url, retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=_PATIENCE)}
            )
        except (exceptions.BaseError, ValueError) as error:
            text = f"`{self._url}` cannot be used as a bucket"
            raise ConfigError("bad_place", text, help="give a directory, or s3://BUCKET/PREFIX") from error

    def get(self, name: str) -> bytes | None:
        try:
            return bytes(self._store.get(name).bytes())
        except FileNotFoundError:  # also what the errors of obstore derive from
            return None
        except (self._errors.BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def put(self, name: str, data: bytes) -> None:
        there = self.get(name)
        if there is None:
            self._write(name, data, IMMUTABLE, "application/octet-stream")
        elif there != data:
            raise differs(name)

    def replace(self, name: str, data: bytes) -> None:
        self._write(name, data, CHANGES, "text/plain; charset=utf-8")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A bucket knows no locks: two that publish one log put the same bytes, but for the checkpoint.

        There the later one wins; a smaller one is put right by whoever publishes next.
        """
        yield

    def _write(self, name: str, data: bytes, cache: str, kind: str) -> None:
        attributes: Attributes = {"Content-Type": kind, "Cache-Control": cache}
        try:
            self._store.put(name, data, attributes=attributes, use_multipart=False)
        except (self._errors.BaseError, OSError) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> UnavailableError:
        # the text of the error may hold a signed URL
        text = f"`{self._url}` does not answer as a bucket: {type(error).__name__}"
        return UnavailableError("place_unavailable", text, help="look at the credentials, the region and the network")
