"""What is counted, and under which labels."""

import re

from gateway.metrics import Metrics


def test_every_kind_of_event_is_counted_under_its_labels() -> None:
    metrics = Metrics()
    metrics.message("mt", "DELIVERED", 3)
    metrics.command("scratch_cards", "voucher.used")
    metrics.command("scratch_cards", "voucher.used")
    metrics.pdu("out", "submit_sm_resp", "ESME_ROK")
    metrics.binds("handset", 2)
    metrics.batch(64, 0.003)
    metrics.queue_depth.set(5)
    text = metrics.render().decode()
    for line in (
        'shortcode_messages_total{direction="mt",state="DELIVERED"} 3.0',
        'shortcode_commands_total{outcome="voucher.used",service="scratch_cards"} 2.0',
        'shortcode_pdus_total{direction="out",name="submit_sm_resp",status="ESME_ROK"} 1.0',
        'shortcode_binds{side="handset"} 2.0',
        'shortcode_batch_commands_bucket{le="64.0"} 1.0',
        'shortcode_batch_commands_bucket{le="32.0"} 0.0',
        'shortcode_batch_seconds_bucket{le="0.005"} 1.0',
        "shortcode_queue_depth 5.0",
    ):
        assert line in text.splitlines()


def test_each_application_has_a_registry_of_its_own() -> None:
    first, second = Metrics(), Metrics()
    first.command("account_basics", "ok")
    assert "account_basics" not in second.render().decode()


def test_no_label_can_name_a_subscriber_or_a_message() -> None:
    """The label names are few and known; a new one has to be thought about here."""
    metrics = Metrics()
    names = {name for family in metrics.registry.collect() for each in family.samples for name in each.labels}
    metrics.message("mo", "x")
    metrics.command("x", "ok")
    metrics.pdu("in", "x")
    metrics.request("GET", "/x", 200, 0.1)
    metrics.binds("handset", 1)
    names |= set(re.findall(r'[{,]([a-z_]+)="', metrics.render().decode()))
    assert names <= {
        "direction",
        "state",
        "service",
        "outcome",
        "name",
        "status",
        "side",
        "method",
        "route",
        "le",
    }
