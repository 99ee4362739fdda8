import subprocess
import sys

COUNT = "import services.diarize.ward, psutil; print(psutil.Process().num_threads())"


def test_small_products_start_no_threads() -> None:
    """What a service computes itself it computes where it is asked: others that join in only spin."""
    said = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "1"
