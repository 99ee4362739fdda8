"""What a process may use."""

import subprocess
import sys

from tests.contract.source import ROOT

ASKED = "import resource; from parley.machine import raise_file_limit as r; print(r(), resource.getrlimit(7)[0])"


def test_files_are_as_many_as_the_administrator_allows() -> None:
    """A shell's own limit is for shells; the hard one is kept."""
    script = f'ulimit -Sn 100 && ulimit -Hn 300 && exec {sys.executable} -c "{ASKED}"'
    done = subprocess.run(("bash", "-c", script), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["300", "300"]
