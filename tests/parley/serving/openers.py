"""Ways in which a version can be opened, or not. A process of its own imports this file, so nothing in it is local."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.errors import BadModel, TooLittleMemory


class Same:
    """Gives back what it is given."""

    def run(self, jobs: Sequence[Any]) -> Sequence[Any]:
        return jobs


def good(spec: ModelSpec) -> Placed[Any]:
    print("loading ...")  # as libraries do
    return Placed(Same(), "CPU", "")


def by_version(spec: ModelSpec) -> Placed[Any]:
    """Version 1 is good; of the others the number says what they do."""
    return {"1": good, "2": crashes, "3": hangs, "4": leaves, "5": lacks_a_file, "6": breaks, "7": is_too_large}[
        spec.ref.version
    ](spec)


def crashes(spec: ModelSpec) -> Placed[Any]:
    os.kill(os.getpid(), signal.SIGSEGV)
    return good(spec)


def hangs(spec: ModelSpec) -> Placed[Any]:
    time.sleep(600)
    return good(spec)


def leaves(spec: ModelSpec) -> Placed[Any]:
    os._exit(7)


def lacks_a_file(spec: ModelSpec) -> Placed[Any]:
    raise BadModel("model.onnx cannot be read; restore the file.")


def breaks(spec: ModelSpec) -> Placed[Any]:
    raise RuntimeError("bad magic number")


def is_too_large(spec: ModelSpec) -> Placed[Any]:
    raise TooLittleMemory("needs 99 GiB")
