"""`python -m services.denoise`."""

from parley.server import main
from services.denoise.stage import STAGE

main(STAGE)
