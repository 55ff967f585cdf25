"""What processes said, from their log files and from the monitor's log: ``ncolony logs``."""
