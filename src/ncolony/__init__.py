"""NColony: control and monitor processes, servers above all, from a directory of files."""

__version__ = "0.1.0.dev0"
