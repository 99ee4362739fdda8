"""One wheel with everything: client, command, tree, and what serving on a CPU needs, as pyproject.toml declares it.

Its version says `+server`, so that pip puts it in the place of the client's wheel and never beside it.
"""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tree import ROOT, Complete

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS, SELF = PROJECT["optional-dependencies"], f"{PROJECT['name']}["


def needed(requirements: list[str]) -> Iterator[str]:
    """The requirements, with what our own extras stand for in their place."""
    for each in requirements:
        if each.startswith(SELF):
            yield from needed(EXTRAS[each.removeprefix(SELF).rstrip("]")])
        else:
            yield each


setup(
    name=PROJECT["name"],
    version=f"{PROJECT['version']}+server",
    description=PROJECT["description"],
    license=PROJECT["license"],
    python_requires=PROJECT["requires-python"],
    install_requires=sorted({*PROJECT["dependencies"], *needed(EXTRAS["cpu"])}),
    extras_require={name: list(needed(EXTRAS[name])) for name in ("openvino", "redis", "loadtest")} | {"serve": []},
    entry_points={"console_scripts": [f"{name} = {what}" for name, what in PROJECT["scripts"].items()]},
    packages=["parley_server"],
    package_dir={"parley_server": "../server/parley_server"},
    cmdclass={"build_py": Complete},
)
