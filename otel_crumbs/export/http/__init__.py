"""The posting of events over HTTP, for three exporters, and the exporter of JSON documents."""
