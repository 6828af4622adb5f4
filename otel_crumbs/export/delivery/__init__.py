"""Events on their way: a queue and a worker for each exporter, and what a failed attempt means."""
