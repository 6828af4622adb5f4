"""The delivery of events: a queue and a worker for each exporter, and the meaning of a failed attempt."""
