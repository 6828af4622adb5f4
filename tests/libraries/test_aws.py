"""One call to AWS is one breadcrumb, also where two instrumentations tell of it and its HTTP client is a third."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.config
import pytest

from tests.loopback import nobody_listens

from .describing import details, reported, trail_of
from .partner import Partner

ONCE = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=5)


def client(service: str, url: str) -> Any:
    """Return a client of a service that is somewhere on loopback."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106 - nobody's
        config=ONCE,
    )


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (404, "warning"), (503, "error")])
def test_a_call_that_is_answered(partner: Partner, status: int, level: str) -> None:
    """Service, method and status make its line."""
    s3 = client("s3", f"{partner.url}/{status}")

    [breadcrumb] = trail_of(lambda: s3.get_object(Bucket="hats", Key="bowler"))

    assert reported([breadcrumb]) == [("default", "aws", level, f"S3.GetObject -> {status} in a moment")]
    data = details(breadcrumb)
    error = data.pop("error", "")
    assert (status == 200) is (error == "")
    assert data == {
        "service": "S3",
        "method": "GetObject",
        "status_code": status,
        "region": "eu-west-1",
        "library": "botocore",
    }


def test_a_call_that_finds_nobody() -> None:
    """It fails with the client's own error."""
    s3 = client("s3", nobody_listens())

    [breadcrumb] = trail_of(lambda: s3.get_object(Bucket="hats", Key="bowler"))

    message = "S3.GetObject -> EndpointConnectionError after a moment"
    assert reported([breadcrumb]) == [("default", "aws", "error", message)]


def test_a_message_to_a_queue(partner: Partner) -> None:
    """boto3's SQS client and botocore make a span each, and it is one breadcrumb."""
    sqs = client("sqs", f"{partner.url}/200")

    trail = trail_of(lambda: sqs.send_message(QueueUrl=f"{partner.url}/200/orders", MessageBody="hat"))

    # The SDK complains that the answer of this loopback server has no message id.
    [breadcrumb] = [each for each in trail if not each.category.startswith("opentelemetry")]
    assert reported([breadcrumb]) == [("default", "messaging", "info", "orders send")]
    assert details(breadcrumb) == {"system": "aws.sqs", "destination": "orders", "library": "boto3sqs"}
