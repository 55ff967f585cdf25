"""Ask processes by HTTP whether they are well, and have those restarted that aren't."""
