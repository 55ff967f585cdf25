"""``ncolony job``: the files of a scheduler's jobs, requests to it, and what it says of them."""
