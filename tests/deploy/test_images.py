"""Images are built by the engine that is there; where none is, that is said."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.rendered import ROOT, of, pod_of, rendered

SAYS = '#!/bin/sh\necho "$0 $*"\n'


def build(folder: Path, *engines: str, code: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
    """`make images` on a machine where only these engines are installed; they say what they were called with."""
    for name in engines:
        (folder / name).write_text(f"{SAYS}exit {code}\n")
        (folder / name).chmod(0o755)
    command = (sys.executable, str(ROOT / "deploy/images.py"))
    return subprocess.run(command, env={"PATH": str(folder), **env}, capture_output=True, text=True, timeout=30)


def test_every_process_of_the_cluster_has_an_image(tmp_path: Path) -> None:
    """By the name that the manifests ask for, with registry and tag as the chart writes them."""
    done = build(tmp_path, "docker", TAG="1.0.0", REGISTRY="registry.example.com")
    assert not done.returncode, done.stderr
    built = {line.split()[-2] for line in done.stdout.splitlines() if line.startswith(str(tmp_path))}
    wanted = {
        container["image"]
        for deployment in of(rendered("overlays", "production"), "Deployment").values()
        for container in pod_of(deployment)["containers"]
    }
    assert {image for image in wanted if "parley/" in image} <= built


@pytest.mark.parametrize(
    ("engine", "verb"),
    [("docker", "build"), ("podman", "build --format docker"), ("buildah", "bud --format docker --layers")],
)
def test_any_engine_will_do(tmp_path: Path, engine: str, verb: str) -> None:
    """Each with its own word for it; what the Dockerfile asks for is passed on."""
    done = build(tmp_path, engine, EXTRA="gpu", PROCESSES="asr")
    (said,) = (line for line in done.stdout.splitlines() if line.startswith(str(tmp_path)))
    assert said.startswith(f"{tmp_path}/{engine} {verb} --file deploy/Dockerfile --build-arg STAGE=asr")
    assert "--build-arg EXTRA=gpu" in said
    assert said.endswith("--tag parley/asr .")


def test_without_an_engine_it_is_said_what_would_do(tmp_path: Path) -> None:
    """In one sentence; the same where the one that was asked for is not there."""
    for done in (build(tmp_path), build(tmp_path, ENGINE="podman")):
        assert done.returncode
        assert "docker, podman, buildah" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_engine_that_fails_ends_it(tmp_path: Path) -> None:
    """The first image that cannot be built is the last that is tried."""
    done = build(tmp_path, "docker", code=3)
    assert done.returncode
    assert "docker ended with 3" in done.stderr
    assert len([line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))]) == 1
