"""`python -m services.diarize`."""

from parley.server import main
from services.diarize.stage import STAGE

main(STAGE)
