"""`python -m services.asr`."""

from parley.serving.server import main
from services.asr.stage import STAGE

main(STAGE)
