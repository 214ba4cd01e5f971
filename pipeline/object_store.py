"""Object stores by their URL, through Arrow's own clients, where the environment says that they are."""

import os
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

# Google's client would try for a quarter of an hour, and uploads would not be known to fail.
_RETRIED_S = "30"


def open_url(url: str) -> tuple[Any, str]:
    """The file system of an s3://, gs:// or file:// URL, and the path in it.

    Raises: OSError, ValueError.
    """
    from pyarrow import fs

    return fs.FileSystem.from_uri(_with_endpoint(url))


def _with_endpoint(url: str) -> str:
    """A URL with endpoint and region that the environment names, as other tools take them from there."""
    parts = urlsplit(url)
    told: dict[str, str] = {}
    if parts.scheme == "s3":
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if endpoint:
            there = urlsplit(endpoint)
            told = {"endpoint_override": there.netloc, "scheme": there.scheme, "region": "us-east-1"}
        told |= {"region": region} if region else {}
    elif parts.scheme == "gs":
        told = {"retry_limit_seconds": _RETRIED_S}
        endpoint = os.environ.get("STORAGE_EMULATOR_HOST")
        if endpoint:
            there = urlsplit(endpoint if "://" in endpoint else f"http://{endpoint}")
            told |= {"endpoint_override": there.netloc, "scheme": there.scheme}
            parts = parts._replace(netloc=f"anonymous@{parts.netloc}")
    return urlunsplit(parts._replace(query=urlencode(told | dict(parse_qsl(parts.query)))))
