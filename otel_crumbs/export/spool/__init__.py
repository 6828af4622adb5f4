"""Events on disk: what could not be delivered waits for any later process of the same service."""
