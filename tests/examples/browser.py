"""A browser that goes where it is sent and shows nothing: `python browser.py URL`."""

import sys
import urllib.request

urllib.request.urlopen(sys.argv[1]).close()  # noqa: S310 - the sandbox's address
