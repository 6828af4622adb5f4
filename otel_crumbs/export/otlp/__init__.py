"""The standard way: a log record to an OpenTelemetry Collector."""
