"""The exporter of OTLP log records, for OpenTelemetry Collectors and back ends that take OTLP."""
