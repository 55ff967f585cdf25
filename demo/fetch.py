"""Print the page at a URL; wait up to half a minute for a server that is only starting."""

import sys
import time
import urllib.error
import urllib.request

DEADLINE_S = 30.0

# Loopback: whatever proxy the environment names is of no use here.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
deadline_mono = time.monotonic() + DEADLINE_S
while True:
    try:
        with opener.open(sys.argv[1], timeout=DEADLINE_S) as page:
            print(page.read().decode().rstrip())
        break
    except (urllib.error.URLError, ConnectionError) as error:
        # Running comes before listening, and nothing tells when a server listens.
        if time.monotonic() > deadline_mono:
            sys.exit(f"cannot fetch {sys.argv[1]}: {error}")
        time.sleep(0.02)
