"""What `GET /metrics` answers is what Prometheus' own client reads.

The figures themselves are tried natively (`tests/api/watching.rs`) and in `tests/support/watching.test.mjs`; this is about the format.
"""

from prometheus_client.parser import text_string_to_metric_families


def scrape(world):
    answer = world.operator.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def calls(families):
    return sum(sample.value for sample in families["tenantry_calls"].samples)


def test_a_scrape_is_read_by_the_parser_of_prometheus(world):
    before = calls(scrape(world))
    world.nobody.get("/v2.1/status")
    families = scrape(world)
    # The two of this test, and what the first scrape was.
    assert calls(families) >= before + 2
    assert {family.type for family in families.values()} == {"counter", "gauge"}
    assert all(family.documentation for family in families.values())
    assert [sample.value for sample in families["tenantry_database_up"].samples] == [1]
    isolates = {
        sample.labels["isolate"] for family in families.values() if family.type == "counter" for sample in family.samples
    }
    assert len(isolates) == 1
