"""Builds an image a process with the engine that is there: `make images`.

TAG, REGISTRY, ENGINE, PROCESSES and the Dockerfile's EXTRA and BASE are taken from the environment.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
# And how each one builds: health checks are kept in Docker's format only; the processes' images share their layers.
ENGINES = {
    "docker": ["build"],
    "podman": ["build", "--format", "docker"],
    "buildah": ["bud", "--format", "docker", "--layers"],
}
PROCESSES = sorted(path.stem for path in (ROOT / "deploy/config").glob("*.toml"))
ARGUMENTS = ("EXTRA", "BASE")  # of the Dockerfile


def engine(wanted: str) -> str:
    """The one that was asked for, else the first that is installed."""
    found = [name for name in ([wanted] if wanted else ENGINES) if name in ENGINES and shutil.which(name)]
    if not found:
        what = f"ENGINE={wanted} is not installed here" if wanted in ENGINES else "no engine is installed here"
        sys.exit(f"images: {what}; Parley's images are built by {', '.join(ENGINES)}. `make run` needs none of them.")
    return found[0]


def commands(name: str, env: Mapping[str, str]) -> Iterator[list[str]]:
    """One a process."""
    tag, registry = env.get("TAG", ""), env.get("REGISTRY", "")
    more = [word for each in ARGUMENTS if env.get(each) for word in ("--build-arg", f"{each}={env[each]}")]
    for process in env.get("PROCESSES", "").split() or PROCESSES:
        image = "/".join(filter(None, (registry, f"parley/{process}"))) + (f":{tag}" if tag else "")
        build = [name, *ENGINES[name], "--file", "deploy/Dockerfile", "--build-arg", f"STAGE={process}", *more]
        yield [*build, "--tag", image, "."]


if __name__ == "__main__":
    chosen = engine(os.environ.get("ENGINE", ""))
    for command in commands(chosen, os.environ):
        print(" ".join(command), flush=True)
        if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
            sys.exit(f"images: {chosen} ended with {code}; what it said stands above.")
