"""docker/compose*.yaml: everything that they name exists, and every part is bounded and asked whether it is well."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
import redis
import yaml

from tests.acceptance import brokers
from webapp.console.management.commands.listen import Command
from webapp.core.environment import ROOT

FOLDER = ROOT / "docker"
EXTRAS = ("compose.storage.yaml", "compose.gpu.yaml")
KEYS = {
    "build", "cap_add", "cap_drop", "command", "depends_on", "deploy", "environment", "expose", "healthcheck", "image",
    "mem_limit", "ports", "profiles", "read_only", "restart", "secrets", "security_opt", "stop_grace_period", "tmpfs",
    "user", "volumes",
}  # fmt: skip
GUIDE = (ROOT / "docs/admin.md").read_text()
ROWS = re.findall(r"^\| (`[A-Z].*?) \|", GUIDE, re.M)
SETTINGS = {name for row in ROWS for name in re.findall(r"`([A-Z_]+)`", row)}
WITHHELD = {"DEBUG", "WANDERERS_DATA"}
"""For developers, and where the images keep their data."""
KAFKA = {"KAFKA_USERNAME", "KAFKA_PASSWORD", "KAFKA_SASL_MECHANISM", "KAFKA_SECURITY_PROTOCOL"}
OPENTELEMETRY = {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
BOTOCORE = {"AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_SHARED_CREDENTIALS"}
ENDS = {"migrate", "bucket"}
"""Services that do something once."""


def merged(base, over):
    """Merge as compose does: maps by key, lists one after the other, other values replaced."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merged(base[key], value) if key in base else value for key, value in over.items()}
    return base + over if isinstance(base, list) and isinstance(over, list) else over


@pytest.fixture(params=[(), *((name,) for name in EXTRAS), EXTRAS], ids=lambda names: "+".join(names) or "alone")
def cluster(request):
    """Return compose.yaml, alone and with the others."""
    found = {}
    for name in ("compose.yaml", *request.param):
        found = merged(found, yaml.safe_load((FOLDER / name).read_text()))
    return found


def test_services_use_only_what_is_declared(cluster):
    services = cluster["services"]
    for name, service in services.items():
        assert service.keys() <= KEYS, name
        assert "image" in service or (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert {*service.get("secrets", [])} <= cluster["secrets"].keys(), name
        for volume in service.get("volumes", []):
            source, has_name, _ = volume.partition(":")
            if not has_name:
                continue  # one of the container's own, which ends with it
            assert source in cluster["volumes"] or (source.startswith("./") and (FOLDER / source).is_file()), volume
    assert all(secret["file"].startswith("secrets/") for secret in cluster["secrets"].values())


def test_no_part_of_ours_can_change_its_programs(cluster):
    """Uploads pass through /tmp and are larger than the memory of a container, so it must be a disk."""
    ours = {name: service for name, service in cluster["services"].items() if "build" in service}
    assert ours.keys() >= {"migrate", "web", "worker", "beat", "listen"}
    for name, service in ours.items():
        assert service["read_only"] is True, name
        if name != "bucket":
            assert {"data:/data", "/tmp"} <= {*service["volumes"]}, name
            assert [each.split(":")[0] for each in service["tmpfs"]] == ["/home/wanderers"], name


def test_a_service_waits_for_others_as_they_can_be_waited_for(cluster):
    services = cluster["services"]
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            is_once = other in ENDS
            assert wait == {"condition": "service_completed_successfully" if is_once else "service_healthy"}, name
            assert is_once or "healthcheck" in services[other], name


def test_every_service_starts_again_and_its_memory_is_bounded(cluster):
    for name, service in cluster["services"].items():
        assert service["restart"] == ("on-failure" if name in ENDS else "unless-stopped"), name
        assert "mem_limit" in service or name == "bucket", name


def test_a_part_may_finish_what_it_does_as_under_systemd_and_the_database_its_checkpoint(cluster):
    """Docker kills after ten seconds otherwise: a job in the middle, and PostgreSQL, which then has to recover."""
    given = {name: service.get("stop_grace_period") for name, service in cluster["services"].items()}
    for part, unit in {"web": "web", "worker": "worker", "beat": "beat", "listen": "listen@"}.items():
        [seconds] = re.findall(
            r"^TimeoutStopSec=(\d+)$", (FOLDER / f"systemd/wanderers-{unit}.service").read_text(), re.M
        )
        assert given[part] == f"{seconds}s", part
    for part, file in {"worker": "workers.yaml", "listen": "streams/fink.yaml"}.items():
        [seconds] = re.findall(r"terminationGracePeriodSeconds: (\d+)", (FOLDER / "kubernetes" / file).read_text())
        assert given[part] == f"{seconds}s", part
    assert given["database"] == "120s"


def test_no_service_has_capabilities_but_the_proxy_to_open_its_ports(cluster):
    services = cluster["services"]
    assert all(service["cap_drop"] == ["ALL"] for service in services.values())
    assert {name: service["cap_add"] for name, service in services.items() if "cap_add" in service} == {
        "proxy": ["NET_BIND_SERVICE"]
    }
    assert {services["database"]["user"], services["redis"]["user"]} == {"postgres", "redis"}


def test_the_secrets_of_the_guide_are_all_that_are_needed_and_redis_asks_for_its_password(tmp_path):
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    (block,) = re.findall(r"\n((?:    .*\n)*    mkdir -m 700 secrets\n(?:    .*\n)*)", GUIDE)
    subprocess.run(["bash", "-euc", block], cwd=tmp_path, check=True)
    made = {path.name: path.read_text().strip() for path in (tmp_path / "secrets").iterdir()}
    assert made.keys() == compose["secrets"].keys()
    assert len({*made.values()}) == len(made)
    account = re.fullmatch(r"redis://(:\w{64}@)redis:6379/1", made["cache_url"])[1]
    assert made["broker_url"] == f"redis://{account}redis:6379/0"
    server, configuration, *options = compose["services"]["redis"]["command"]
    assert (server, options) == ("redis-server", ["--save", ""])
    with brokers.redis(tmp_path, f"{tmp_path}{configuration.removeprefix('/run')}", account=account) as url:
        assert redis.Redis.from_url(url).set("key", "value")
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis.from_url(url.replace(account, "")).get("key")


def test_no_health_check_goes_through_a_proxy_of_the_environment(cluster):
    by_http = [service["healthcheck"]["test"] for service in cluster["services"].values() if asks_by_http(service)]
    assert len(by_http) >= 2
    for program, *options in (test[1:] for test in by_http):
        assert program in ("python", "wget")
        if program == "wget":
            assert ("-Y", "off") in pairwise(options)


def asks_by_http(service):
    return "http://" in str(service.get("healthcheck"))


def test_a_web_node_behind_a_proxy_for_the_rest_of_the_world_is_healthy_while_it_answers():
    service = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["web"]
    (of_build,) = re.findall(r'python -c "(from urllib.*)" 2>', (FOLDER / "build").read_text())
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:1") | {
        "no_proxy": "",
        "NO_PROXY": "",
    }
    for check in (service["healthcheck"]["test"][-1], of_build.replace('\\"', "'")):
        with answering() as (port, asked):
            command = [sys.executable, "-c", check.replace(":8000/", f":{port}/")]
            assert subprocess.run(command, env=os.environ | proxies, check=False).returncode == 0
            assert asked == ["/health/live/"]
        assert subprocess.run(command, env=os.environ | proxies, capture_output=True, check=False).returncode != 0


@contextmanager
def answering():
    """Run a server; yield its port and the paths that it was asked for."""
    asked = []

    class Alive(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Alive) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


def test_no_variable_of_the_host_is_needed(cluster):
    asked = re.findall(r"\$\{([^}]*)\}", yaml.safe_dump(cluster["services"], width=10**6))
    assert asked
    assert [variable for variable in asked if not re.match(r"\w+:?-", variable)] == []


@pytest.mark.parametrize("name", ["migrate", "web", "worker", "beat", "listen"])
def test_every_setting_of_the_guide_reaches_the_site_and_nothing_else(cluster, name):
    given = {variable.removesuffix("_FILE") for variable in cluster["services"][name]["environment"]}
    assert len(SETTINGS) > 40
    assert given - BOTOCORE - OPENTELEMETRY - KAFKA == SETTINGS - WITHHELD
    assert (given >= KAFKA) == (name == "listen")


def test_a_listener_runs_only_where_somebody_asks_for_one(cluster):
    assert [name for name, service in cluster["services"].items() if "profiles" in service] == ["listen"]


def test_only_the_proxy_is_reached_from_outside_and_it_knows_the_web_nodes(cluster):
    services = cluster["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    text = (FOLDER / "Caddyfile").read_text()
    assert set(re.findall(r"\{\$(\w+)\}", text)) == services["proxy"]["environment"].keys()
    [(host, port)] = re.findall(r"dynamic a (\w+) (\d+)", text)
    assert services[host]["expose"] == [port]


def test_the_proxy_weakens_none_of_caddys_defaults_for_tls():
    """TLS 1.2 and 1.3, strong ciphers, OCSP stapling, renewed certificates."""
    directives = {line.split()[0] for line in (FOLDER / "Caddyfile").read_text().splitlines() if line.strip()}
    weakening = {"tls", "protocols", "ciphers", "curves", "ocsp_stapling", "auto_https", "tls_insecure_skip_verify"}
    assert "reverse_proxy" in directives
    assert not directives & weakening


def configured(tmp_path, *names, **given):
    """Return the services as compose itself reads the files; it needs no docker for that."""
    shutil.copytree(FOLDER, tmp_path / "docker", dirs_exist_ok=True)
    files = [word for name in names for word in ("-f", tmp_path / "docker" / name)]
    told = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | given
    command = [brokers.program("docker-compose"), *files, "--profile", "listen", "config"]
    said = subprocess.run(command, env=told, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return yaml.safe_load(said.stdout)["services"]


@pytest.mark.parametrize("extras", [(), ("compose.storage.yaml",), ("compose.gpu.yaml",), EXTRAS])
def test_compose_finds_no_fault_in_its_files(tmp_path, extras):
    services = configured(tmp_path, "compose.yaml", *extras)
    names = [
        name for file in ("compose.yaml", *extras) for name in yaml.safe_load((FOLDER / file).read_text())["services"]
    ]
    assert services.keys() == {*names}
    assert services["web"]["environment"]["ALLOWED_HOSTS"] == "localhost"


def test_compose_takes_the_settings_of_the_host_and_the_arguments_of_a_listener(tmp_path):
    listen = "'Solar System candidate' --survey ztf --api fink"
    services = configured(tmp_path, "compose.yaml", SITE_HOST="a.org", LISTEN=listen, MAX_UPLOAD_MB="7")
    assert services["proxy"]["environment"]["SITE_HOST"] == "a.org"
    assert services["worker"]["environment"]["MAX_UPLOAD_MB"] == "7"
    command = services["listen"]["command"]
    words = command if isinstance(command, list) else shlex.split(command)  # of compose 2, and of 1
    assert words[2:] == ["listen", "Solar System candidate", "--survey", "ztf", "--api", "fink", "--watched"]


def test_a_second_listener_of_the_guide_is_one_like_the_first():
    """Compose 1 extends no service that waits for others, so no program reads this here."""
    (block,) = re.findall(r"\n((?:    .*\n)*      listen-alerce:\n(?:    .*\n)*)", GUIDE)
    [service] = yaml.safe_load(textwrap.dedent(block))["services"].values()
    assert service["extends"] == {"file": "compose.yaml", "service": "listen"}
    for words, option in ((service["command"], "--watched"), (service["healthcheck"]["test"], "--probe")):
        python, manage, listen, *arguments = shlex.split(words)
        assert (python, manage, listen, option in arguments) == ("python", "manage.py", "listen", True)
        assert Command().create_parser("manage.py", "listen").parse_args(arguments).api == "alerce"


def test_caddy_finds_no_fault_in_its_file(tmp_path):
    told = {"SITE_HOST": "localhost", "MAX_BODY": "2049MiB", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    command = [brokers.program("caddy"), "validate", "--config", FOLDER / "Caddyfile", "--adapter", "caddyfile"]
    said = subprocess.run(command, env=told, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_the_server_s_account_in_the_guide_is_its_clients_account():
    (store,) = re.findall(r"^ +(\{\"identities\".*\})$", GUIDE, re.M)
    [account] = yaml.safe_load(store)["identities"]
    [keys] = account["credentials"]
    assert f"aws_access_key_id = {keys['accessKey']}\n" in GUIDE
    assert f"aws_secret_access_key = {keys['secretKey']}\n" in GUIDE
    assert "Admin" in account["actions"]
