# Starts the endpoint: `PYTHON DIR MODE ...` or `PYTHON payload.pyz MODE ...`. Must parse on Python 2.7 and 3.x before 3.6.
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("sremote-endpoint: python %d.%d is too old, 3.6 or later is needed\n" % tuple(sys.version_info[:2]))
    sys.exit(96)

from sremote_endpoint.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
