"""The connection to object storage. Needs boto3 (``requirements-s3.txt``); its exceptions become ours here.

Keys, endpoint and region are what the AWS client finds by itself: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_ENDPOINT_URL_S3, AWS_DEFAULT_REGION, its files, or the machine's role.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from packager.errors import PackageLost, StoreError, StoreFull, StoreUnavailable

#: For builds, which may wait, and for web requests, which may not.
PATIENT = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
HURRIED = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
#: Version 4 is what every region and every server takes; each thread of a web server may hold a connection.
COMMON = Config(signature_version="s3v4", max_pool_connections=20)
#: Only Amazon itself is sure to answer under the name of each bucket (https://bucket.s3.amazonaws.com).
BUCKET_IN_PATH = Config(s3={"addressing_style": "path"})
#: What S3, MinIO and Ceph answer when there is no room: codes beside HTTP 507.
_FULL = ("QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage")


def client(*, hurried: bool = False) -> Any:
    """The S3 client of this process; ``hurried`` gives up sooner, for web requests."""
    return _client(os.getpid(), hurried)


@lru_cache(maxsize=4)
def _client(process: int, hurried: bool) -> Any:
    # by process: a connection that a fork inherits would be used by both
    with our_errors():
        session, config = boto3.session.Session(), COMMON.merge(HURRIED if hurried else PATIENT)
        made = session.client("s3", config=config)
        if ".amazonaws.com" in made.meta.endpoint_url:
            return made
        return session.client("s3", config=config.merge(BUCKET_IN_PATH))


def forget() -> None:
    """Have new clients made, after the environment has changed."""
    _client.cache_clear()


@contextmanager
def our_errors() -> Iterator[None]:
    """Turns what the client raises into errors of ours. Their details tell codes, never a key or a signature.

    Raises:
        PackageLost: there is no such object (or bucket, where only the status tells).
        StoreFull: the server has no room left.
        StoreUnavailable: anything else: no answer, no bucket, no permission.
    """
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        # an answer to HEAD has no body that would tell more than 404
        kind: type[StoreError] = PackageLost if code in ("NoSuchKey", "404") else StoreUnavailable
        kind = StoreFull if code in _FULL or status == 507 else kind
        raise kind(f"{error.operation_name}: {code} (HTTP {status})") from error
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no address
        raise StoreUnavailable(type(error).__name__) from error
