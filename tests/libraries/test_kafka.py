"""Messages of Kafka: no broker runs here, so what is received is put where the client keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.consumer.fetcher import ConsumerRecord

import otel_crumbs
from otel_crumbs.testing import CapturedEvents

from .describing import reported, trail_of


def record(offset: int) -> ConsumerRecord:
    """Return a message as a consumer yields it, from another service's trace."""
    caller = (b"traceparent", f"00-{7:032x}-{9:016x}-01".encode())
    known = {"topic": "orders", "partition": 0, "offset": offset, "value": f"order {offset}", "headers": [caller]}
    return ConsumerRecord(**{field: known.get(field.lower()) for field in ConsumerRecord._fields})


@pytest.fixture
def consumer() -> Iterator[Callable[[int], KafkaConsumer]]:
    """Yield a function that returns a consumer with so many messages."""
    made: list[KafkaConsumer] = []

    def make(count: int) -> KafkaConsumer:
        consumer = KafkaConsumer(bootstrap_servers="127.0.0.1:1", api_version=(2, 5), consumer_timeout_ms=100)
        made.append(consumer)
        consumer._iterator = iter([record(number) for number in range(count)])
        return consumer

    yield make
    for each in made:
        each.close()


def test_a_message_that_cannot_be_sent() -> None:
    """The destination and what happened."""
    producer = KafkaProducer(bootstrap_servers="127.0.0.1:1", api_version=(2, 5), max_block_ms=100)

    trail = trail_of(lambda: producer.send("orders", b"7"))

    producer.close(timeout=0)
    assert reported(trail)[-1] == ("default", "messaging", "error", "orders send -> KafkaTimeoutError after a moment")


def test_each_message_has_a_trail_of_its_own(consumer: Callable[[int], KafkaConsumer], events: CapturedEvents) -> None:
    """Its span is over before the application works on it: the work belongs to it all the same."""
    otel_crumbs.record("before")
    for message in consumer(2):
        otel_crumbs.record(f"working on {message.value}")
        otel_crumbs.capture_exception(ValueError(message.value))

    assert [event.operation for event in events] == ["orders receive", "orders receive"]
    assert [[item.message for item in event.breadcrumbs] for event in events] == [
        ["working on order 0"],
        ["working on order 1"],
    ]
