"""Runs jobs at their times: ``ncolony-scheduler``."""
