"""What ``docs/`` hands out for monitoring: rules that fire when they should, and ask for what ``/metrics`` tells."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client

from packager.presentation import service_status
from tests.monitoring.prometheus import DOCS, RULES
from tests.services import program

DASHBOARD = DOCS / "grafana-dashboard.json"
#: Minutes for which the series go on.
LENGTH = 180
Series = Mapping[str, str]

#: What each alert is about, when it fires and when all is well, in promtool's way: value, or start+step, times.
CASES: dict[str, tuple[Series, Series]] = {
    "PackagingPortalAway": ({'up{job="packaging-portal"}': "0"}, {'up{job="packaging-portal"}': "1"}),
    "PackagingDatabaseAway": (
        {'packaging_ready{part="database"}': "0"},
        {'packaging_ready{part="database"}': "1", 'packaging_ready{part="disk"}': "0"},
    ),
    "PackagingBrokerAway": ({'packaging_ready{part="queue"}': "0"}, {'packaging_ready{part="queue"}': "1"}),
    "PackagingClusterMissing": (
        {'packaging_cluster_workers{queue="mail"}': "0", 'packaging_cluster_workers{queue="fast"}': "2"},
        {'packaging_cluster_workers{queue="mail"}': "1"},
    ),
    "PackagingClusterWedged": (
        {'packaging_cluster_wedged{queue="slow"}': "1"},
        {'packaging_cluster_wedged{queue="slow"}': "0"},
    ),
    "PackagingRequestsWait": (
        {'packaging_waiting_seconds{queue="fast"}': "901"},
        {'packaging_waiting_seconds{queue="fast"}': "899", 'packaging_waiting_seconds{queue="slow"}': "14399"},
    ),
    "PackagingQueueGrows": (
        {'packaging_waiting{queue="fast"}': "0+1"},
        {'packaging_waiting{queue="fast"}': "1000-1", 'packaging_waiting{queue="slow"}': "50"},
    ),
    "PackagingManyFail": (
        {
            'packaging_requests_ended_total{outcome="failed"}': "0+1",
            'packaging_requests_ended_total{outcome="built"}': "0+3",
        },
        {
            'packaging_requests_ended_total{outcome="failed"}': "0+1",
            'packaging_requests_ended_total{outcome="built"}': "0+3",
            'packaging_requests_ended_total{outcome="cached"}': "0+3",
        },
    ),
    "PackagingMailRefused": (
        {'packaging_deliveries_failing{channel="email",code="mail_misconfigured"}': "1"},
        {'packaging_deliveries_failing{channel="email",code="delivery_deferred"}': "1"},
    ),
    "PackagingMailFails": (
        {
            'packaging_deliveries_failing{channel="email",code="delivery_deferred"}': "6",
            'packaging_deliveries_failing{channel="email",code="delivery"}': "6",
        },
        {
            'packaging_deliveries_failing{channel="webhook",code="delivery_deferred"}': "60",
            'packaging_deliveries_given_up{channel="email"}': "9",
        },
    ),
    "PackagingMailWaits": (
        {'packaging_waiting_seconds{queue="mail"}': "601"},
        {'packaging_waiting_seconds{queue="mail"}': "599"},
    ),
    "PackagingWebhookHostsStopped": (
        {'packaging_webhook_hosts{state="stopped"}': "1"},
        {'packaging_webhook_hosts{state="stopped"}': "0", 'packaging_webhook_hosts{state="failing"}': "9"},
    ),
    "PackagingStoreUnavailable": ({"packaging_store_up": "0"}, {"packaging_store_up": "1"}),
    "PackagingStoreFillsUp": (
        {"packaging_store_free_bytes": "4999999999"},
        {
            "packaging_store_free_bytes": "5000000001",
            "packaging_store_used_bytes": "89",
            "packaging_store_quota_bytes": "100",
        },
    ),
    "PackagingPackagesMissing": ({"packaging_packages_missing": "1"}, {"packaging_packages_missing": "0"}),
    "PackagingPushesWait": (
        {'packaging_pushes_waiting_seconds{queue="slow"}': "3601"},
        {'packaging_pushes_waiting_seconds{queue="slow"}': "3599"},
    ),
    "PackagingPushesUntold": ({"packaging_pushes_untold": "1"}, {"packaging_pushes_untold": "0"}),
    "PackagingMessagesDisconnected": ({"packaging_amqp_connected": "0"}, {"packaging_amqp_connected": "1"}),
    "PackagingMessagesWait": ({"packaging_amqp_outbox_seconds": "301"}, {"packaging_amqp_outbox_seconds": "299"}),
}


def rules() -> dict[str, int]:
    """The alerts, and the minutes for which each waits."""
    return {
        name: int(minutes or 0)
        for name, minutes in re.findall(
            r"alert: (\w+)(?:(?!alert:).)*?(?:for: (\d+)m|labels:)", RULES.read_text(), re.S
        )
    }


def going_on(value: str) -> str:
    """``5``, ``0+1`` or ``_`` (nothing) in promtool's way, for so many minutes."""
    return f"{value}x{LENGTH}" if re.search(r"\d[+-]|_", value) else f"{value}+0x{LENGTH}"


def firing(directory: Path, series: Series, moments: Mapping[int, set[str]]) -> None:
    """Has promtool assert which alerts fire at these minutes. All is there but what ``series`` is about."""
    up = {'up{job="packaging-portal"}': "1"} | dict(series)
    expected = [
        {
            "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(names)],
        }
        for minute, names in moments.items()
    ]
    inputs = [{"series": name, "values": going_on(value)} for name, value in up.items()]
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": expected}
    file = directory / "test.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case():
    assert set(CASES) == set(rules())


@pytest.mark.parametrize("name", CASES)
def test_it_fires_when_it_lasts_and_not_before(name, tmp_path):
    moments = {LENGTH: {name}}
    if name not in ("PackagingQueueGrows", "PackagingManyFail"):  # they begin when there has been enough
        moments |= {minute: set() for minute in [rules()[name] - 1] if minute >= 0}
    firing(tmp_path, CASES[name][0], moments)


@pytest.mark.parametrize("name", CASES)
def test_nothing_fires_while_all_is_well(name, tmp_path):
    firing(tmp_path, CASES[name][1], {LENGTH: set()})


def test_a_portal_of_which_nothing_is_heard_is_away(tmp_path):
    firing(tmp_path, {'up{job="packaging-portal"}': "_"}, {LENGTH: {"PackagingPortalAway"}})


def test_a_store_whose_quota_is_nearly_used_up_fills_up(tmp_path):
    series = {"packaging_store_used_bytes": "91", "packaging_store_quota_bytes": "100"}
    firing(tmp_path, series, {LENGTH: {"PackagingStoreFillsUp"}})


def test_two_web_servers_tell_of_one_failure_once(tmp_path):
    failed, built = (f'packaging_requests_ended_total{{outcome="{word}"' for word in ("failed", "built"))
    # 4 of 10 fail in the hour: too few, unless they were added up
    both = {f'{failed},instance="{n}"}}': "0+0.066" for n in (1, 2)} | {
        f'{built},instance="{n}"}}': "0+1" for n in (1, 2)
    }
    firing(tmp_path, both, {LENGTH: set()})


# ------------------------------------------------------------- what they ask for


@pytest.fixture
def told(db, settings) -> set[str]:
    """The names of all series of a portal with everything switched on."""
    settings.MESSAGING_URL, settings.PUSHER_ENABLED = "amqp://127.0.0.1/", True
    settings.PACKAGER_STORE_QUOTA = 10**12
    cache.clear()  # of what earlier tests were told of the store
    page = Client().get("/metrics").content.decode()
    names = set(re.findall(r"^# TYPE (\w+) ", page, re.M)) | set(re.findall(r"^(\w+)[{ ]", page, re.M))
    assert service_status.overview().requests
    return names | {"up"}


def asked(expression: str) -> set[str]:
    """The metrics that an expression names."""
    plain = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:packaging_\w+|up)\b", plain))


def expressions_of_rules() -> Iterator[str]:
    printed = subprocess.run(
        [program("promtool"), "check", "rules", "--lint=none", str(RULES)], capture_output=True, text=True, check=True
    )
    assert "SUCCESS" in printed.stdout
    for rule in RULES.read_text().split("- alert:")[1:]:
        yield rule.partition("expr:")[2].partition("labels:")[0]


def test_the_rules_ask_for_what_there_is(told):
    found = set().union(*map(asked, expressions_of_rules()))
    assert len(found) > 10
    assert found <= told


def panels() -> list[dict]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def test_the_dashboard_asks_for_what_there_is(told):
    assert set().union(*map(asked, queries())) <= told


def test_the_dashboard_shows_everything_that_is_told(told):
    shown = set().union(*map(asked, queries()))
    families = {re.sub(r"_(bucket|sum|count|total|created)$", "", name) for name in told}
    assert families - {re.sub(r"_(bucket|sum|count|total)$", "", name) for name in shown} == set()


def test_the_queries_of_the_dashboard_are_promql(tmp_path):
    plain = [query.replace("$__rate_interval", "5m").replace("$job", "packaging-portal") for query in queries()]
    groups = [{"name": "all", "rules": [{"record": f"q{n}", "expr": query} for n, query in enumerate(plain)]}]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": groups}))
    command = [program("promtool"), "check", "rules", "--lint=none", str(tmp_path / "rules.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "$" not in "".join(plain)


def test_the_dashboard_is_one_that_grafana_11_takes():
    """The fields of the dashboard JSON model, https://grafana.com/docs/grafana/v11.0/dashboards/json-model/."""
    whole = json.loads(DASHBOARD.read_text())
    assert whole["schemaVersion"] >= 39
    assert whole["id"] is None
    assert {"uid", "title", "tags", "time", "refresh", "templating", "panels", "timezone"} <= set(whole)
    assert {variable["name"] for variable in whole["templating"]["list"]} == {"datasource", "job"}
    ids = [panel["id"] for panel in whole["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["type"] in {"stat", "timeseries", "table", "heatmap", "bargauge"}
        assert {"title", "description", "gridPos", "targets", "fieldConfig", "options"} <= set(panel)
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters))


def test_no_two_panels_lie_over_each_other():
    taken: dict[tuple[int, int], str] = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for place in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            assert place not in taken, (panel["title"], taken[place])
            taken[place] = panel["title"]
