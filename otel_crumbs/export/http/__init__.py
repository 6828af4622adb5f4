"""Posting over HTTP, and the exporter of JSON documents."""
