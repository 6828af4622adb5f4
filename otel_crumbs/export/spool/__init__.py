"""The spool: undelivered events on disk, which wait for any later process of the same service."""
