"""Print as many free TCP ports of 127.0.0.1 as asked for, all different."""

import socket
import sys

# Held open together, or the kernel might give the same one twice.
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(server.getsockname()[1] for server in held))
