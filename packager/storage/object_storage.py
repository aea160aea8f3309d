"""Packages in object storage that speaks S3. Each is an object, which appears only when it is whole."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from packager.errors import PackageLost, StoreUnavailable
from packager.storage import names
from packager.storage.base import Kept, Stored, nothing
from packager.storage.file_names import attachment
from packager.storage.multipart import Upload
from packager.storage.s3_client import client, our_errors

#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[\w.-]+)*)/?")


class Body:
    """The bytes of an object as they come."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.close = stream.close

    def read(self, size: int = -1) -> bytes:
        """See ``Reader``."""
        with our_errors():
            data: bytes = self._stream.read(None if size < 0 else size)
        return data


class ObjectStore:
    """A bucket, or what lies below a prefix in it.

    Args:
        url: ``s3://bucket`` or ``s3://bucket/prefix``.

    Raises:
        StoreUnavailable: it is not such an address.
    """

    def __init__(self, url: str) -> None:
        found = _ADDRESS.fullmatch(url)
        if found is None:
            # not repeated here: somebody may have written a secret into it
            raise StoreUnavailable("PACKAGER_STORE_URL is not of the form s3://bucket/prefix")
        self._bucket = found["bucket"]
        self._prefix = found["prefix"].strip("/") + "/" if found["prefix"] else ""

    def _where(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + names.check(name)}

    def save(self, name: str, chunks: Iterable[bytes], before_publishing: Callable[[], None] = nothing) -> Stored:
        """See ``Store``."""
        upload, size, digest = Upload(client(), self._where(name)), 0, hashlib.sha256()
        try:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                upload.write(chunk)
            upload.finish()
            before_publishing()
            upload.publish()
        except BaseException:
            upload.abandon()
            raise
        return Stored(name, size, digest.hexdigest())

    def open(self, name: str, start: int = 0, length: int | None = None) -> Body:
        """See ``Store``."""
        end = "" if length is None else start + length - 1
        with our_errors():
            found = client(hurried=True).get_object(**self._where(name), Range=f"bytes={start}-{end}")
        return Body(found["Body"])

    def has(self, name: str) -> bool:
        """See ``Store``."""
        where = self._where(name)
        with suppress(PackageLost), our_errors():
            client(hurried=True).head_object(**where)
            return True
        try:
            with our_errors():
                client(hurried=True).head_bucket(Bucket=self._bucket)
        except PackageLost as error:
            # where the whole bucket is gone, nothing can be said of the object
            raise StoreUnavailable("there is no such bucket") from error
        return False

    def delete(self, name: str) -> None:
        """See ``Store``."""
        with our_errors():
            client().delete_object(**self._where(name))

    def listing(self) -> Iterator[Kept]:
        """See ``Store``."""
        for entry in self._all("list_objects_v2", "Contents"):
            name = entry["Key"].removeprefix(self._prefix)
            if names.is_name(name):
                yield Kept(name, entry["Size"], entry["LastModified"].timestamp())

    def sweep(self, older_than: float) -> int:
        """See ``Store``."""
        limit, swept = time.time() - older_than, 0
        for entry in list(self._all("list_multipart_uploads", "Uploads")):
            ours = names.is_name(entry["Key"].removeprefix(self._prefix))
            if ours and entry["Initiated"].timestamp() < limit:
                with our_errors():
                    client().abort_multipart_upload(Bucket=self._bucket, Key=entry["Key"], UploadId=entry["UploadId"])
                swept += 1
        return swept

    def _all(self, operation: str, part: str) -> Iterator[dict[str, Any]]:
        pages = client().get_paginator(operation).paginate(Bucket=self._bucket, Prefix=self._prefix)
        with our_errors():
            for page in pages:
                yield from page.get(part, ())

    def check(self) -> None:
        """See ``Store``. Begins an upload and abandons it, which leaves no trace, and no version in the bucket."""
        where = {"Bucket": self._bucket, "Key": f"{self._prefix}.probe"}
        with our_errors():
            begun = client(hurried=True).create_multipart_upload(**where)
            client(hurried=True).abort_multipart_upload(**where, UploadId=begun["UploadId"])

    def free(self) -> None:
        """See ``Store``: object storage does not tell."""

    def link(self, name: str, file_name: str, seconds: int) -> str:
        """See ``SignsLinks``."""
        shown = {
            "ResponseContentType": "application/zip",
            "ResponseContentDisposition": attachment(file_name),
        }
        with our_errors():
            signed: str = client(hurried=True).generate_presigned_url(
                "get_object", Params={**self._where(name), **shown}, ExpiresIn=seconds
            )
        return signed
