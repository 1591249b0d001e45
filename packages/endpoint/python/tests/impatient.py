"""Runs a mode of the endpoint that ends calls nobody has waited for after a moment, and looks all the time."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sremote_endpoint import main  # noqa: E402
from sremote_endpoint.spool import audience  # noqa: E402

audience.PATIENCE, audience.LOOK = 0.4, 0.05
sys.exit(main.main(sys.argv[1:]))
