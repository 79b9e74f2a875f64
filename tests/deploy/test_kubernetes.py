"""The Kubernetes files: what each version's schemas allow, what kustomize makes of them, and what their policies mean."""

import re
import shutil
import subprocess
from functools import cache
from typing import Any

import kubernetes_validate
import pytest

from tests.support import ROOT
from tests.support.network_policies import Pod, may_connect
from tests.support.shipped import KUBERNETES, Document, compose, load, parse, pods
from thirdeye.settings import FROM_FILES, Settings

FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("development", "production")
VERSIONS = [f"1.{minor}" for minor in range(29, 36)]
# Of an operator, so not among the schemas of Kubernetes itself.
FOREIGN = "monitoring.coreos.com/v1"
SECRETS = "/run/secrets/thirdeye"


@cache
def built(overlay: str) -> list[Document]:
    """What kustomize makes of an overlay, or of `base`."""
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            folder = FOLDER / ("base" if overlay == "base" else f"overlays/{overlay}")
            done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            return parse(done.stdout)
    pytest.skip("neither kustomize nor kubectl is here")


def of_kind(kind: str, overlay: str = "production") -> dict[str, Document]:
    return {each["metadata"]["name"]: each for each in built(overlay) if each["kind"] == kind}


def spec_of(name: str) -> Document:
    return next(iter(of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"]))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_version_takes_what_kustomize_makes(overlay: str, version: str) -> None:
    """By the schemas of Kubernetes itself, strictly: a field that a version does not know is an error."""
    documents = [document for document in built(overlay) if document["apiVersion"] != FOREIGN]
    assert len(documents) >= 9
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schemas_refuse_what_is_wrong() -> None:
    policy = of_kind("NetworkPolicy")["thirdeye-api"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**policy, "spec": {**policy["spec"], "ingres": []}}, VERSIONS[0], strict=True)


def test_what_is_there() -> None:
    base = ["ConfigMap", "Deployment", "Deployment", "Job", *["NetworkPolicy"] * 3, "Service", "Service"]
    assert sorted(document["kind"] for document in built("development")) == base
    more = ["HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceMonitor"]
    assert sorted(document["kind"] for document in built("production")) == sorted([*base, *more])
    # OpenMetadata's proxy and the gateway are the only ways in.
    assert {each["spec"]["type"] for each in of_kind("Service").values()} == {"ClusterIP"}
    assert all(document["metadata"].get("namespace") is None for document in built("production"))


def test_every_file_is_taken() -> None:
    named = {
        (path.parent / entry).resolve()
        for path in KUBERNETES
        if path.name == "kustomization.yaml"
        for entry in [*load(path)[0].get("resources", ()), *load(path)[0].get("components", ())]
    }
    assert {path for path in KUBERNETES if path.name != "kustomization.yaml"} <= named


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_are_confined(overlay: str) -> None:
    """As the Pod Security Standard `restricted` asks, and a tree that nobody can write to."""
    templates = pods(built(overlay))
    assert len(templates) == 3
    for pod in [template["spec"] for template in templates]:
        assert pod["securityContext"] == {
            "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        }  # fmt: skip
        assert {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostAliases"}.isdisjoint(pod)
        assert pod["automountServiceAccountToken"] is False
        # A Service named thirdeye would set THIRDEYE_PORT.
        assert pod["enableServiceLinks"] is False
        assert {next(iter(set(volume) - {"name"})) for volume in pod["volumes"]} == {"secret", "emptyDir"}
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            # Settings are in one place, secrets in files, and temporary files where they may be.
            assert "env" not in container
            assert container["volumeMounts"] == [
                {"name": "secrets", "mountPath": SECRETS, "readOnly": True}, {"name": "tmp", "mountPath": "/tmp"},
            ]  # fmt: skip
            assert {"cpu", "memory"} == set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_are_settings_and_together_they_are_sound(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = of_kind("ConfigMap", overlay)["thirdeye"]["data"]
    files = {f"{name.upper()}_FILE" for name in FROM_FILES}
    assert set(data) <= {field.upper() for field in Settings.model_fields} | files
    # An address of Redis holds its password.
    assert {name for name in data if "PW" in name or "SECRET" in name or "REDIS_URL" in name} <= files
    assert {data[name].rpartition("/")[0] for name in files & set(data)} == {SECRETS}
    for name, value in data.items():
        if name not in files:
            monkeypatch.setenv(name, value)
    assert Settings(_env_file=None).environment == overlay
    (metrics,) = spec_of("thirdeye-worker")["ports"]
    assert (metrics["name"], str(metrics["containerPort"])) == ("metrics", data["WORKER_METRICS_PORT"])
    for template in pods(built(overlay)):
        (volume,) = [each for each in template["spec"]["volumes"] if "secret" in each]
        # In octal: the group reads them, which is that of the user.
        assert (volume["name"], volume["secret"]["defaultMode"]) == ("secrets", 0o440)


def test_nothing_begins_before_the_schema_is_migrated() -> None:
    (job,) = of_kind("Job").values()
    assert [container["args"] for container in job["spec"]["template"]["spec"]["containers"]] == [["migrate"]]
    for name, deployment in of_kind("Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        assert [each["args"] for each in pod["initContainers"]] == [["migrate", "--wait", "600"]], name
        begins = {"thirdeye-api": "serve", "thirdeye-worker": "worker"}[name]
        assert [each["args"] for each in pod["containers"]] == [[begins]]
    # The Job gives up before those who wait for it do, and soon enough that somebody looks.
    assert job["spec"]["activeDeadlineSeconds"] <= 600
    assert job["spec"]["backoffLimit"] <= 6


def test_the_version_is_one() -> None:
    """The image's tag, and the Job's name, which must change with it; as in compose."""
    (job,) = of_kind("Job")
    image = compose()["services"]["api"]["image"]
    version = image.partition(":")[2]
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert job == f"thirdeye-migrate-{version.replace('.', '-')}"
    used = {
        container["image"]
        for template in pods(built("production"))
        for container in [*template["spec"].get("initContainers", ()), *template["spec"]["containers"]]
    }
    assert used == {f"registry.example.org/thirdeye:{version}"}


def test_probes_and_selectors_fit() -> None:
    api, worker = of_kind("Deployment")["thirdeye-api"], of_kind("Deployment")["thirdeye-worker"]
    container = api["spec"]["template"]["spec"]["containers"][0]
    paths = {probe: container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    health = "/api/v1/thirdeye/health"
    assert paths == {"startup": f"{health}/live", "liveness": f"{health}/live", "readiness": f"{health}/ready"}
    asked = {probe: container[f"{probe}Probe"] for probe in paths}
    assert {probe["httpGet"]["port"] for probe in asked.values()} == {"http"} == {container["ports"][0]["name"]}
    # Whoever starts slowly, as on a busy node, is not killed for it; nobody is for one slow answer.
    assert asked["startup"]["periodSeconds"] * asked["startup"]["failureThreshold"] >= 120
    assert {probe["timeoutSeconds"] for probe in asked.values()} == {5}
    assert asked["liveness"].get("failureThreshold", 3) >= 3
    probe = worker["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    assert probe["exec"]["command"] == ["thirdeye", "worker", "--check"]
    assert probe["timeoutSeconds"] >= 15
    assert probe["failureThreshold"] >= 3
    for deployment, service in ((api, "thirdeye"), (worker, "thirdeye-worker")):
        spec, labels = of_kind("Service")[service]["spec"], deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"] == spec["selector"]
        assert spec["selector"].items() <= labels.items()
        ports = {
            port["name"]: port["containerPort"]
            for port in deployment["spec"]["template"]["spec"]["containers"][0]["ports"]
        }
        assert [(ports[port["targetPort"]], port["port"]) for port in spec["ports"]] == [
            (port, port) for port in ports.values()
        ]
    # Requests get 10 seconds after the 5 in which nobody sends any more, computations 60.
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]
    assert api["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 5 + 10 + 5
    assert worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > 60


def test_one_api_stays_whatever_happens() -> None:
    api = of_kind("Deployment")["thirdeye-api"]
    labels = api["spec"]["template"]["metadata"]["labels"].items()
    (budget,), (scaler,) = of_kind("PodDisruptionBudget").values(), of_kind("HorizontalPodAutoscaler").values()
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (api["kind"], api["metadata"]["name"])
    assert scaler["spec"]["minReplicas"] - budget["spec"]["maxUnavailable"] >= 1
    assert scaler["spec"]["maxReplicas"] > scaler["spec"]["minReplicas"]
    # And not all of them on one node, as far as there are more.
    (spread,) = api["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["labelSelector"]["matchLabels"].items() <= labels
    # Applied again it must not take back what the autoscaler said.
    assert "replicas" not in api["spec"]
    assert api["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_prometheus_finds_both_kinds() -> None:
    (monitor,) = of_kind("ServiceMonitor").values()
    services = of_kind("Service").values()
    selector = monitor["spec"]["selector"]["matchLabels"].items()
    found = {
        (port["name"], service["metadata"]["name"])
        for service in services
        if selector <= service["metadata"]["labels"].items()
        for port in service["spec"]["ports"]
    }
    assert found == {("http", "thirdeye"), ("metrics", "thirdeye-worker")}
    assert [(each["port"], each["path"], each["relabelings"]) for each in monitor["spec"]["endpoints"]] == [
        ("http", "/metrics", [{"targetLabel": "job", "replacement": "thirdeye-api"}]),
        ("metrics", "/metrics", [{"targetLabel": "job", "replacement": "thirdeye-worker"}]),
    ]
    # As the rules call them.
    rules = (ROOT / "deploy/observability/thirdeye.rules.yml").read_text(encoding="utf-8")
    named = set(re.findall(r'\bjob="([\w-]+)"', rules))
    assert named
    assert named <= {each["relabelings"][0]["replacement"] for each in monitor["spec"]["endpoints"]}


# ---- who may reach it


def pod_of(name: str) -> Pod:
    template = of_kind("Deployment")[name]["spec"]["template"]
    ports = tuple((port["name"], port["containerPort"]) for port in template["spec"]["containers"][0]["ports"])
    return Pod(labels=template["metadata"]["labels"], ports=ports)


OPENMETADATA = Pod(labels={"app": "openmetadata-service", "anything": "else"})
GATEWAY = Pod(labels={"app.kubernetes.io/name": "thirdeye-gateway"})
PROMETHEUS = Pod(labels={"app.kubernetes.io/name": "prometheus"}, namespace="monitoring")
STRANGERS = {
    "another pod of the namespace": Pod(labels={"app": "mysql"}),
    "a pod without labels": Pod(labels={}),
    "OpenMetadata's label in another namespace": Pod(labels=OPENMETADATA.labels, namespace="elsewhere"),
    "the gateway's label in another namespace": Pod(labels=GATEWAY.labels, namespace="elsewhere"),
    "Prometheus' label in this namespace": Pod(labels=PROMETHEUS.labels),
    "another pod of Prometheus' namespace": Pod(labels={"app.kubernetes.io/name": "grafana"}, namespace="monitoring"),
    "OpenMetadata's ingestion": Pod(labels={"app": "openmetadata-ingestion"}),
}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_may_reach_thirdeye(overlay: str) -> None:
    policies: list[dict[str, Any]] = list(of_kind("NetworkPolicy", overlay).values())
    api, worker = pod_of("thirdeye-api"), pod_of("thirdeye-worker")
    migrate = Pod(labels=next(iter(of_kind("Job").values()))["spec"]["template"]["metadata"]["labels"])
    named = {"OpenMetadata": OPENMETADATA, "gateway": GATEWAY, "Prometheus": PROMETHEUS, "worker": worker, "API": api}

    def reach(target: Pod, port: int) -> set[str]:
        return {name for name, source in {**named, **STRANGERS}.items() if may_connect(policies, source, target, port)}

    assert reach(api, 8586) == {"OpenMetadata", "gateway", "Prometheus"}
    assert reach(worker, 9586) == {"Prometheus"}
    # No other port, and nobody to what migrates.
    assert reach(api, 22) == reach(worker, 8586) == reach(migrate, 8586) == set()
    # The policies say nothing of others.
    assert may_connect(policies, STRANGERS["a pod without labels"], OPENMETADATA, 8585)
