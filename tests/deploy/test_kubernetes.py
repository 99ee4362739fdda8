"""What is applied to a cluster: valid for several Kubernetes, within our rules, and what the processes expect."""

import importlib
import json
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest

from gateway.access import exposure
from gateway.config import GatewayConfig
from parley import config
from parley.wire import trust
from services.jobs.config import WorkerConfig
from tests.deploy.rendered import COMPONENTS, HAS_HELM, KUBERNETES, OVERLAYS, ROOT, STAGES, Thing, of, pod_of, rendered

RENDERED = [("base", ""), *(("components", name) for name in COMPONENTS), *(("overlays", name) for name in OVERLAYS)]
if HAS_HELM:  # the same rules for what the chart gives
    RENDERED += [("chart", name) for name in ("", *COMPONENTS)]
VERSIONS = ("1.33", "1.35", "1.37")
# Kinds of others, whose schemas are not Kubernetes' own: their few fields are asked for here.
FOREIGN = {
    "ScaledObject": ("keda.sh/v1alpha1", {"scaleTargetRef", "triggers"}),
    "Certificate": ("cert-manager.io/v1", {"secretName", "dnsNames", "issuerRef"}),
    "PodMonitor": ("monitoring.coreos.com/v1", {"selector", "podMetricsEndpoints"}),
    "PrometheusRule": ("monitoring.coreos.com/v1", {"groups"}),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", {"parentRefs", "hostnames", "rules"}),
    "GRPCRoute": ("gateway.networking.k8s.io/v1", {"parentRefs", "hostnames", "rules"}),
}
TOKEN = {"PARLEY_TOKEN": "0123456789abcdef0123456789abcdef"}

pytestmark = pytest.mark.timeout(300)  # kubectl is begun a dozen times, and schemas are large

every = pytest.mark.parametrize(("kind", "name"), RENDERED, ids=lambda each: each or "alone")


@pytest.fixture(scope="module")
def things() -> list[Thing]:
    """Every object of every rendering, those that are alike once."""
    unique = {json.dumps(thing, sort_keys=True): thing for each in RENDERED for thing in rendered(*each)}
    return list(unique.values())


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_it(things: list[Thing], version: str) -> None:
    """By the schemas of an old, a middle and the newest version; unknown fields are errors."""
    for thing in things:
        if thing["kind"] not in FOREIGN:
            kubernetes_validate.validate(thing, version, strict=True)


def test_kinds_of_others_have_their_fields(things: list[Thing]) -> None:
    """In the version of their API that is known here."""
    for thing in things:
        if thing["kind"] in FOREIGN:
            group, fields = FOREIGN[thing["kind"]]
            assert thing["apiVersion"] == group
            assert fields <= set(thing["spec"])


@every
def test_no_container_has_more_rights_than_it_needs(kind: str, name: str) -> None:
    """No root, no writing into the image, no capabilities, no account of the cluster, and an end of its memory."""
    for deployment in of(rendered(kind, name), "Deployment").values():
        pod = pod_of(deployment)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]


@every
def test_every_container_is_probed(kind: str, name: str) -> None:
    """By exactly one way each: when it has begun, whether it gets calls, whether it hangs."""
    for deployment in of(rendered(kind, name), "Deployment").values():
        for container in pod_of(deployment)["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert len({"grpc", "httpGet", "tcpSocket"} & set(container[probe])) == 1


@every
def test_services_lead_to_pods(kind: str, name: str) -> None:
    """Each finds a deployment's pods, and its ports are among theirs."""
    things = rendered(kind, name)
    for service in of(things, "Service").values():
        (found,) = (
            each
            for each in of(things, "Deployment").values()
            if service["spec"]["selector"].items() <= each["spec"]["template"]["metadata"]["labels"].items()
        )
        ports = {port["name"] for container in pod_of(found)["containers"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


@every
def test_selectors_are_apart(kind: str, name: str) -> None:
    """No deployment takes another one's pods for its own."""
    deployments = of(rendered(kind, name), "Deployment")
    for one, deployment in deployments.items():
        labels = deployment["spec"]["selector"]["matchLabels"].items()
        assert labels
        taken = {
            each for each, it in deployments.items() if labels <= it["spec"]["template"]["metadata"]["labels"].items()
        }
        assert taken == {one}


def test_images_of_a_release_are_pinned() -> None:
    """By a tag that is not `latest`."""
    for deployment in of(rendered("overlays", "production"), "Deployment").values():
        for container in pod_of(deployment)["containers"]:
            assert container["image"].rpartition("/")[2].partition(":")[2] not in ("", "latest")


def env_of(things: tuple[Thing, ...], process: str) -> dict[str, str]:
    """A process's environment as its container gets it, the token put in."""
    (container,) = pod_of(of(things, "Deployment")[process])["containers"]
    maps = [each["configMapRef"]["name"] for each in container.get("envFrom", ())]
    env = {name: value for each in maps for name, value in of(things, "ConfigMap")[each]["data"].items()}
    return env | {each["name"]: each["value"] for each in container["env"] if "value" in each} | TOKEN


def settings_of(things: tuple[Thing, ...], process: str) -> Any:
    """Its config as it reads it: the file of the image, and the environment."""
    kind = GatewayConfig if process == "gateway" else importlib.import_module(f"services.{process}.stage").STAGE.config
    return config.load(kind, ROOT / f"deploy/config/{process}.toml", env_of(things, process))


@every
def test_the_gateway_finds_every_stage(kind: str, name: str) -> None:
    """By the name of a headless Service, at the port where it listens."""
    things = rendered(kind, name)
    upstreams = settings_of(things, "gateway").upstreams
    assert sorted(upstreams) == STAGES
    services = of(things, "Service")
    for upstream in (each for stage in upstreams.values() for each in stage):
        host, _, port = upstream.partition(":")
        assert services[host]["spec"]["clusterIP"] == "None"
        assert int(port) in {each["port"] for each in services[host]["spec"]["ports"]}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_listens_where_it_is_probed_and_scraped(stage: str) -> None:
    """Its environment and its ports say the same."""
    things = rendered("base", "")
    settings = settings_of(things, stage)
    (container,) = pod_of(of(things, "Deployment")[stage])["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert settings.listen == f"0.0.0.0:{ports['grpc']}"
    assert settings.telemetry.metrics == f"0.0.0.0:{ports['metrics']}"
    assert container["readinessProbe"]["grpc"]["port"] == ports["grpc"]
    trust.check_listen(settings.listen, settings.token, settings.tls)


@every
def test_streams_have_time_to_leave(kind: str, name: str) -> None:
    """A pod is killed only after its pause, its drain and some seconds."""
    things = rendered(kind, name)
    for process in ("gateway", *STAGES):
        pod = pod_of(of(things, "Deployment")[process])
        pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] >= pause + settings_of(things, process).drain_s + 5


def test_workers_of_jobs_find_what_gateways_keep() -> None:
    """The same database, folder and token, on the same volume; and the gateway, at its port."""
    things = rendered("components", "jobs")
    gateway = settings_of(things, "gateway")
    worker = config.load(WorkerConfig, ROOT / "deploy/config/jobs.toml", env_of(things, "jobs"))
    assert (worker.folder, worker.database) == (gateway.jobs.folder, gateway.jobs.database)
    database = urlsplit(worker.database)
    assert {port["port"] for port in of(things, "Service")[database.hostname or ""]["spec"]["ports"]} == {5432}
    host, _, port = worker.gateway.partition(":")
    assert int(port) in {each["port"] for each in of(things, "Service")[host]["spec"]["ports"]}
    volumes = [pod_of(of(things, "Deployment")[name])["volumes"] for name in ("gateway", "jobs")]
    assert len({json.dumps([each for each in found if each["name"] == "jobs"]) for found in volumes}) == 1
    assert env_names(things, "gateway")["PARLEY_JOBS__TOKEN"] == env_names(things, "jobs")["PARLEY_TOKEN"]


def env_names(things: tuple[Thing, ...], process: str) -> dict[str, Any]:
    """Where each value of a container's environment comes from."""
    (container,) = pod_of(of(things, "Deployment")[process])["containers"]
    return {each["name"]: each.get("valueFrom") for each in container["env"]}


def test_the_routes_are_those_of_the_config() -> None:
    """A cluster begins with the versions that one machine begins with."""
    routes = tomllib.loads((KUBERNETES / "base/gateway/routes.toml").read_text("utf-8"))["routes"]
    assert routes == tomllib.loads((ROOT / "deploy/config/gateway.toml").read_text("utf-8"))["routes"]
    settings = settings_of(rendered("base", ""), "gateway")
    mounts = pod_of(of(rendered("base", ""), "Deployment")["gateway"])["containers"][0]["volumeMounts"]
    assert str(Path(settings.routes_file).parent) in {each["mountPath"] for each in mounts}


@pytest.mark.parametrize("component", [*COMPONENTS, ""])
def test_the_gateway_may_listen(component: str) -> None:
    """Its settings hold together, and with keys it no longer says that it is open to everybody."""
    settings = settings_of(rendered("components", component), "gateway")
    if component != "keys-and-tls":
        exposure.check(settings)
    assert settings.insecure is (component != "keys-and-tls")
    assert bool(settings.keys_file and settings.tls.cert and settings.upstream_tls.ca) is not settings.insecure


def test_a_stage_has_room_for_a_second_version() -> None:
    """Memory as compose has it: more than twice the models that ship."""
    for stage in STAGES:
        (container,) = pod_of(of(rendered("base", ""), "Deployment")[stage])["containers"]
        assert container["resources"]["limits"]["memory"] in ("1Gi", "2Gi")
