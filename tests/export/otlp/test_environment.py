"""Tests of `otel_crumbs.export.otlp.environment`: the standard variables count for events as they do for logs."""

from __future__ import annotations

import pytest
from opentelemetry.util.re import parse_env_headers

from otel_crumbs.export.otlp.environment import read_otlp_settings

ALL, LOGS = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_LOGS_"


def test_the_defaults_are_those_of_the_specification() -> None:
    """Without variables events go to a Collector on this machine."""
    settings = read_otlp_settings({})

    assert settings.protocol == "http/protobuf"
    assert settings.endpoint == "http://localhost:4318/v1/logs"
    assert settings.headers == {}
    assert settings.timeout == 10.0
    assert settings.compression == "none"
    assert (settings.certificate, settings.client_certificate, settings.client_key) == (None, None, None)
    assert settings.insecure is False


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({f"{ALL}ENDPOINT": "http://collector:4318"}, "http://collector:4318/v1/logs"),
        ({f"{ALL}ENDPOINT": "http://collector:4318/"}, "http://collector:4318/v1/logs"),
        ({f"{ALL}ENDPOINT": "https://collector/otlp"}, "https://collector/otlp/v1/logs"),
        ({f"{LOGS}ENDPOINT": "https://collector/here"}, "https://collector/here"),
        ({f"{ALL}ENDPOINT": "http://a", f"{LOGS}ENDPOINT": "http://b/logs"}, "http://b/logs"),
        ({f"{LOGS}ENDPOINT": "  "}, "http://localhost:4318/v1/logs"),
        ({f"{ALL}PROTOCOL": "grpc"}, "http://localhost:4317"),
        ({f"{ALL}PROTOCOL": "grpc", f"{ALL}ENDPOINT": "http://collector:4317"}, "http://collector:4317"),
        ({f"{ALL}PROTOCOL": "grpc", f"{LOGS}ENDPOINT": "collector:4317"}, "collector:4317"),
    ],
)
def test_the_endpoint_of_logs(environ: dict[str, str], endpoint: str) -> None:
    """The path of logs is added to a base URL, but not to a URL for logs, and not for gRPC."""
    if f"{ALL}PROTOCOL" in environ:
        pytest.importorskip("grpc")

    assert read_otlp_settings(environ).endpoint == endpoint


@pytest.mark.parametrize("prefix", [ALL, LOGS])
def test_the_other_variables(prefix: str) -> None:
    """Each variable is read for all signals and for logs alone."""
    settings = read_otlp_settings(
        {
            f"{prefix}HEADERS": "api-key=secret,x-tenant=a%20b",
            f"{prefix}TIMEOUT": "3.5",
            f"{prefix}COMPRESSION": "gzip",
            f"{prefix}CERTIFICATE": "ca.pem",
            f"{prefix}CLIENT_CERTIFICATE": "own.pem",
            f"{prefix}CLIENT_KEY": "own.key",
            f"{prefix}INSECURE": "true",
        }
    )

    assert settings.headers == {"api-key": "secret", "x-tenant": "a b"}
    assert settings.timeout == 3.5
    assert settings.compression == "gzip"
    assert settings.certificate == "ca.pem"
    assert (settings.client_certificate, settings.client_key) == ("own.pem", "own.key")
    assert settings.insecure is True


def test_a_variable_for_logs_comes_first() -> None:
    """The variable for all signals counts where the one for logs is empty."""
    settings = read_otlp_settings({f"{ALL}COMPRESSION": "gzip", f"{LOGS}COMPRESSION": "deflate", f"{LOGS}TIMEOUT": ""})

    assert settings.compression == "deflate"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({f"{ALL}TIMEOUT": "soon"}, "OTEL_EXPORTER_OTLP_TIMEOUT"),
        ({f"{ALL}COMPRESSION": "zip"}, "OTEL_EXPORTER_OTLP_COMPRESSION"),
        ({f"{ALL}PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        ({f"{ALL}PROTOCOL": "smoke signals"}, "smoke signals"),
    ],
)
def test_a_bad_value_warns_and_means_the_default(
    environ: dict[str, str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names the variable, and the settings are as if it were not set."""
    assert read_otlp_settings(environ) == read_otlp_settings({})

    assert words in caplog.text


@pytest.mark.parametrize("seconds", ["0", "-1"])
def test_a_timeout_of_zero_means_the_default(seconds: str) -> None:
    """Without any time every request would fail."""
    assert read_otlp_settings({f"{ALL}TIMEOUT": seconds}).timeout == 10.0


@pytest.mark.parametrize(
    "headers",
    ["verysecret", "=verysecret", ",,,", "bad key=verysecret", "verysecret;x=verysecret", "Bearer verysecret="],
)
def test_a_broken_header_is_left_out(headers: str, caplog: pytest.LogCaptureFixture) -> None:
    """The header beside it is kept, and no part of one is in the warning about it: it may be a secret as a whole."""
    settings = read_otlp_settings({f"{ALL}HEADERS": f"{headers},good=1"})

    assert settings.headers == {"good": "1"}
    assert ("are left out" in caplog.text) is (headers != ",,,")
    assert "verysecret" not in caplog.text


@pytest.mark.parametrize("text", ["authorization=Bearer%20a=b", "authorization=Bearer a=b", "a=é", "x-key = %41"])
def test_headers_are_those_that_the_sdk_reads(text: str) -> None:
    """%-encoded or not."""
    assert read_otlp_settings({f"{ALL}HEADERS": text}).headers == parse_env_headers(text, liberal=True)
