"""Print as many free TCP ports of 127.0.0.1 as asked for; keep them while somebody may read that.

They are bound, so that nobody else is given them, and nobody listens: servers, which say
SO_REUSEADDR, still may.
"""

import select
import socket
import sys

held = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in held:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in held), flush=True)

unread = select.poll()
unread.register(sys.stdout, 0)
unread.poll()
