"""Files of any size, read from an address."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from packager.errors import FileTooLarge, IncompleteData, SourceUnreachable
from packager.streaming.file_names import safe_name
from packager.streaming.http import AddressRule, Clients, HttpClient, RetryPolicy
from packager.streaming.notes import Note

#: Bytes read at a time.
PIECE = 1 << 18
#: Names of files that are packed themselves.
PACKED = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".br", ".zip")


class UrlSource:
    """Reads files from where ``rule`` permits. ``key`` is sent as ``Authorization`` to the host of the address only.

    ``max_bytes`` is the size of the largest file that is taken, unpacked; 0 for any.
    """

    def __init__(
        self,
        rule: AddressRule | None = None,
        key: str | None = None,
        *,
        retry_policy: RetryPolicy | None = None,
        max_bytes: int = 0,
    ) -> None:
        self._max_bytes = max_bytes
        self._rule = rule or AddressRule()
        self._key = key
        self._retry_policy = retry_policy
        self._clients = Clients()

    def open(self, url: str) -> UrlFile:
        """See ``FileSource.open``."""
        client = HttpClient(self._rule, key=self._key, key_for=url, retry_policy=self._retry_policy, connections=1)
        self._clients.add(client)
        try:
            return UrlFile(client, url, self._max_bytes)
        except BaseException:
            client.close()
            raise

    def close(self) -> None:
        """See ``FileSource.close``."""
        self._clients.close()


class UrlFile:
    """A file at an address. See ``File``.

    A broken connection is taken up where it broke (RFC 9110, 14.2) if the server named the version of the file by a
    strong validator; otherwise nobody could tell whether the rest belongs to the beginning.
    """

    def __init__(self, client: HttpClient, url: str, max_bytes: int) -> None:
        self._client = client
        self._max_bytes = max_bytes
        self._url = url
        self._got = 0
        self._notes: list[Note] = []
        self._begin()

    @property
    def name(self) -> str:
        """A safe name from the last segment of the path; empty if there is none."""
        return name_in(urlsplit(self._url).path)

    @property
    def size(self) -> int | None:
        """Bytes, if the server said so."""
        return self._size

    @property
    def notes(self) -> Sequence[Note]:
        """What could not be known about the wholeness."""
        return tuple(self._notes)

    def chunks(self) -> Iterator[bytes]:
        """See ``File.chunks``."""
        try:
            yield from self._resumed()
            if self._size is not None and self._got != self._size:
                raise IncompleteData(expected=self._expected(), got=self._got)
            if self._size is None and self._response.headers.get("Transfer-Encoding", "").lower() != "chunked":
                self._notes.append(Note("size_unknown"))
        finally:
            self.close()

    def close(self) -> None:
        """See ``File.close``."""
        self._client.close()

    def _begin(self) -> None:
        self._response = self._client.get(self._url, {})
        headers = self._response.headers
        # servers send ready-made .gz files as if the packing were theirs; unpacked they would belie their names
        coding = headers.get("Content-Encoding", "identity").lower()
        self._unpack = coding != "identity" and not self.name.lower().endswith(PACKED)
        length, tag = headers.get("Content-Length", ""), headers.get("ETag", "")
        self._size = int(length) if length.isdecimal() and not self._unpack else None
        self._validator = tag if tag.startswith('"') and not self._unpack else ""
        self._bound(self._size or 0)

    def _bound(self, size: int) -> None:
        if self._max_bytes and size > self._max_bytes:
            raise FileTooLarge(most=self._max_bytes)

    def _resumed(self) -> Iterator[bytes]:
        failures = 0
        while True:
            before = self._got
            try:
                if failures:
                    self._again()
                for piece in self._client.stream(self._response, PIECE, unpack=self._unpack):
                    self._got += len(piece)
                    self._bound(self._got)
                    yield piece
            except SourceUnreachable as error:
                failures = 1 if self._got > before else failures + 1
                self._wait(failures, error)
            else:
                return

    def _again(self) -> None:
        self._response.close()
        if not self._got:
            return self._begin()
        headers = {"Range": f"bytes={self._got}-", "If-Range": self._validator}
        self._response = self._client.get(self._url, headers)
        place = self._response.headers.get("Content-Range", "")
        if self._response.status != 206 or not place.startswith(f"bytes {self._got}-"):
            raise IncompleteData("the file changed", expected=self._expected(), got=self._got)

    def _wait(self, failures: int, error: SourceUnreachable) -> None:
        """Pause before going on; raises ``error`` (or what it means) if there is no going on."""
        retry_policy = self._client.retry_policy
        if failures < retry_policy.attempts and (self._validator or not self._got):
            self._client.pause(retry_policy.delay(failures - 1, error))
        elif self._size is not None:
            raise IncompleteData(error.detail, expected=self._expected(), got=self._got) from error
        else:
            raise error

    def _expected(self) -> Note:
        return Note("bytes_more") if self._size is None else Note("bytes", {"bytes": self._size})


def name_in(path: str) -> str:
    """The last segment of a path of a URL as a file name: decoded, without leading dots and what cannot be seen."""
    seen = "".join(char for char in unquote(path, errors="replace") if unicodedata.category(char)[0] != "C")
    return safe_name(seen.replace("\\", "/").rpartition("/")[2].strip().lstrip("."), default="")
