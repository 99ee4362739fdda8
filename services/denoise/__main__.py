"""`python -m services.denoise`."""

from parley.serving.server import main
from services.denoise.stage import STAGE

main(STAGE)
