"""The service seen from outside: one trace from a request to the job it asked for, and metrics of both processes."""

import time

import httpx

from tests.support.collector import Collector, ReceivedSpan
from tests.support.network import listening_addresses
from tests.support.running_market import Observed

UPLOAD = "POST /v1/products/{product_id}/revisions"
SECONDS = 60


def value(metrics: str, name: str, *labels: str) -> float:
    """The sum of the series of a name that carry all the labels."""
    lines = [line for line in metrics.splitlines() if line.startswith((name + "{", name + " "))]
    found = [float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in labels)]
    assert found, f"{name} {labels} is not among:\n{metrics}"
    return sum(found)


def arrived(receiver: Collector, service: str, name: str, *, trace: str | None = None) -> ReceivedSpan:
    """A span, of a trace or of any, as soon as it is there; each process exports every few seconds."""
    ends = time.monotonic() + SECONDS
    while True:
        spans = receiver.spans()
        found = [
            span
            for span in spans
            if (span.service, span.name) == (service, name) and trace in (None, span.trace)
        ]
        if found:
            return found[0]
        assert time.monotonic() < ends, sorted({(span.service, span.name) for span in spans})
        time.sleep(0.2)


def test_a_job_continues_the_trace_of_the_request_that_asked_for_it(observed: Observed) -> None:
    job = arrived(observed.receiver, "data-market-worker", "process quality.check")
    request = arrived(observed.receiver, "data-market-api", UPLOAD, trace=job.trace)
    by_id = {span.id: span for span in observed.receiver.spans()}
    sent = by_id[job.parent]
    assert sent.name == "send quality.check"
    assert sent.parent == request.id
    below = [span for span in by_id.values() if span.parent == job.id]
    assert {span.name for span in below} & {"SELECT", "UPDATE"}, "statements of the job are spans below it"


def test_the_api_is_scraped_on_a_port_of_its_own(observed: Observed) -> None:
    metrics = observed.api_metrics
    assert listening_addresses(observed.api_port) == {"127.0.0.1"}
    route = 'http_route="/v1/products/{product_id}/revisions"'
    assert value(metrics, "http_server_request_duration_seconds_count", route) == 1
    assert value(metrics, "market_metering_batch_calls_sum") >= 20
    assert value(metrics, "market_metering_batch_seconds_count") >= 20
    assert value(metrics, "db_client_operation_duration_seconds_count", '"INSERT"') > 20
    assert value(metrics, "db_client_connection_wait_time_seconds_count") > 20
    assert httpx.get(f"{observed.market.base_url}/metrics").status_code == 404


def test_the_worker_is_scraped_too(observed: Observed) -> None:
    metrics = observed.worker_metrics
    assert listening_addresses(observed.worker_port) == {"127.0.0.1"}
    job = 'job="quality.check"'
    done = ('kind="job"', 'name="quality.check"', 'outcome="succeeded"')
    assert value(metrics, "market_work_duration_seconds_count", *done) == 1
    assert value(metrics, "market_jobs_oldest_waiting_seconds", job) < 30
    assert value(metrics, "market_jobs_dead_letters", job) == 0
    assert value(metrics, "market_events_lag_seconds", 'subscriber="(outbox)"') < 30
    assert value(metrics, "db_client_operation_duration_seconds_count") > 0
