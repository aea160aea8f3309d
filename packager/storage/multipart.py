"""An object of object storage that is uploaded while it grows, and is seen by nobody before it is published.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: at most 10,000 parts, each but the last of 5 MiB
or more, at most 5 TiB in all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from packager.errors import StoreError
from packager.storage.s3_client import our_errors

log = logging.getLogger(__name__)
#: Bytes of the first parts.
SMALLEST = 8 * 2**20
#: A part is never more than this share of what went before, so that 10,000 of them make 5 TiB.
SHARE = 1300


def part_size(sent: int) -> int:
    """How many bytes the next part has, after ``sent`` bytes: 8 MiB, above 10 GiB a 1300th of what went before."""
    return max(SMALLEST, sent // SHARE)


class Upload:
    """Bytes on their way to one object. One part travels while the next is collected: memory holds two.

    Args:
        client: the S3 client.
        where: ``Bucket`` and ``Key``.
    """

    def __init__(self, client: Any, where: Mapping[str, str]) -> None:
        self._client = client
        self._where = where
        self._collected = bytearray()
        self._sent = 0
        self._id = ""
        self._parts: list[dict[str, Any]] = []
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="upload")
        self._sending: Future[dict[str, Any]] | None = None

    def write(self, chunk: bytes) -> None:
        """Take more bytes; full parts are sent. Raises StoreUnavailable, StoreFull."""
        self._collected += chunk
        if len(self._collected) >= part_size(self._sent):
            self._send_part()

    def finish(self) -> None:
        """Send what is left, and wait until all has arrived. What fits into one part goes when it is published."""
        if self._id and self._collected:
            self._send_part()
        self._wait()

    def publish(self) -> None:
        """Make the object visible, whole. Raises StoreUnavailable, StoreFull."""
        try:
            with our_errors():
                if self._id:
                    parts = {"Parts": self._parts}
                    self._client.complete_multipart_upload(**self._where, UploadId=self._id, MultipartUpload=parts)
                else:
                    self._client.put_object(**self._where, Body=self._collected, ContentType="application/zip")
        except StoreError:
            if not self._id:
                raise
            # the answer may have been lost on its way, and asked again the server knows no such upload any more
            visible = None
            with suppress(StoreError), our_errors():
                visible = self._client.head_object(**self._where)["ContentLength"]
            if visible != self._sent:
                raise
        self._sender.shutdown()

    def abandon(self) -> None:
        """Leave nothing behind, as far as the store still answers; what it keeps is swept later. Never raises."""
        self._sender.shutdown(cancel_futures=True)
        if self._id:
            self._take_back(self._client.abort_multipart_upload, UploadId=self._id)
        # it may have become visible, where the answer to the publication was lost
        self._take_back(self._client.delete_object)

    def _take_back(self, operation: Callable[..., object], **more: str) -> None:
        try:
            with our_errors():
                operation(**self._where, **more)
        except StoreError as error:
            log.warning("an unfinished upload could not be taken back: %s", error)

    def _send_part(self) -> None:
        self._wait()
        if not self._id:
            with our_errors():
                begun = self._client.create_multipart_upload(**self._where, ContentType="application/zip")
            self._id = begun["UploadId"]
        body, self._collected = self._collected, bytearray()
        self._sent += len(body)
        part: dict[str, Any] = {"UploadId": self._id, "PartNumber": len(self._parts) + 1, "Body": body}
        self._sending = self._sender.submit(self._client.upload_part, **self._where, **part)

    def _wait(self) -> None:
        if self._sending:
            with our_errors():
                self._parts.append({"PartNumber": len(self._parts) + 1, "ETag": self._sending.result()["ETag"]})
            self._sending = None
