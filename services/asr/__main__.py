"""`python -m services.asr`."""

from parley.server import main
from services.asr.stage import STAGE

main(STAGE)
