"""The wheel `parley-speech-server`: the tree alone, for the extra `serve` of the client's wheel."""

import sys
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tree import Tree

setup(cmdclass={"build_py": Tree})
