"""docker/monitoring/alerts.yaml, as Prometheus' own program reads it: no fault, and each alert fires when it should."""

import subprocess

import yaml

from tests.acceptance.brokers import program
from webapp.core.environment import ROOT

FOLDER = ROOT / "docker/monitoring"


def promtool(*options):
    command = [program("promtool"), *options]
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60)


def test_prometheus_finds_no_fault_in_the_rules():
    said = promtool("check", "rules", "alerts.yaml")
    assert said.returncode == 0, said.stderr + said.stdout


def test_each_alert_fires_when_it_should_and_says_what_it_should():
    said = promtool("test", "rules", "alerts.test.yaml")
    assert said.returncode == 0, said.stderr + said.stdout


def test_promtool_notices_a_rule_that_has_lost_its_meaning(tmp_path):
    """A test of rules that cannot fail would prove nothing."""
    rules = (FOLDER / "alerts.yaml").read_text()
    (tmp_path / "alerts.yaml").write_text(rules.replace("wanderers_part_healthy == 0", "wanderers_part_healthy == 2"))
    (tmp_path / "alerts.test.yaml").write_text((FOLDER / "alerts.test.yaml").read_text())
    said = promtool("test", "rules", str(tmp_path / "alerts.test.yaml"))
    assert said.returncode != 0
    assert "WanderersPartSick" in said.stderr + said.stdout


def test_every_alert_is_seen_to_fire_and_to_be_silent():
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    tests = yaml.safe_load((FOLDER / "alerts.test.yaml").read_text())["tests"]
    asked = [
        (each["alertname"], bool(each["exp_alerts"])) for test in tests for each in test.get("alert_rule_test", [])
    ]
    alerts = {rule["alert"] for rule in group["rules"] if "alert" in rule}
    assert {name for name, fires in asked if fires} == alerts
    assert {name for name, fires in asked if not fires} == alerts


def test_kubernetes_scales_workers_by_a_figure_that_is_recorded_and_that_the_adapter_offers():
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    recorded = [rule["record"] for rule in group["rules"] if "record" in rule]
    adapter = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text())
    workers = yaml.safe_load_all((ROOT / "docker/kubernetes/workers.yaml").read_text())
    [scaler] = [each["spec"] for each in workers if each["kind"] == "HorizontalPodAutoscaler"]
    asked = [each["external"]["metric"]["name"] for each in scaler["metrics"]]
    assert [each["seriesQuery"] for each in adapter["rules"]["external"]] == asked == recorded
