"""The exporter of envelopes, for Sentry and the trackers that speak its protocol."""
