"""Envelopes for Sentry and its kin, and an error event in their words."""
