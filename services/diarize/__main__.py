"""`python -m services.diarize`."""

from parley.serving.server import main
from services.diarize.stage import STAGE

main(STAGE)
