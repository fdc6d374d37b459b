"""Traces for OpenTelemetry: requests, their tasks, and the SQL of both, if the environment names a collector."""

import os
import sys
from importlib.util import find_spec

COLLECTOR = "OTEL_EXPORTER_OTLP_ENDPOINT"


def start_traces(part: str) -> None:
    """Send this process's traces, as the service `wanderers-<part>`; do nothing unless a collector is named.

    Call it before Django's application is made and before a connection is opened. SQL is recorded without its values.
    The SDK's other variables (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, …) hold too.

    Raises
    ------
    SystemExit
        A collector is named, but the extra `telemetry` is not installed.
    """
    if not os.environ.get(COLLECTOR):
        return
    if find_spec("opentelemetry") is None:
        sys.exit(f"{COLLECTOR} is set, but OpenTelemetry is missing. Install the extra “telemetry”, or unset it.")

    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"wanderers-{part}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    for each in (DjangoInstrumentor(), CeleryInstrumentor(), PsycopgInstrumentor()):
        each.instrument()
