"""The delivery of events: a queue and a worker for each exporter, attempts, and pauses between them."""
