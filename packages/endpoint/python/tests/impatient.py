"""Runs a mode of the endpoint that ends calls that are not waited for after a moment, and looks all the time."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sremote_endpoint.wire import limits  # noqa: E402

limits.AUDIENCE_PATIENCE, limits.AUDIENCE_LOOK = 0.4, 0.05
from sremote_endpoint import main  # noqa: E402  with these limits
sys.exit(main.main(sys.argv[1:]))
