"""Restarts processes whose heartbeats have ceased: a plugin, and a client of the files."""
