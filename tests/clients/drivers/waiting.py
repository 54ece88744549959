"""Waiting for what comes by itself, for the drivers and for the tests beside them."""

import time

# How long what takes moments is waited for, in seconds: a machine that is busy with something else passes, and nobody waits for ever.
PATIENCE = 60


def awaited(look, is_there):
    """What `look()` gives as soon as `is_there` finds it good, or in the end all the same: whoever waits asserts on it."""
    until = time.monotonic() + PATIENCE
    while True:
        seen = look()
        if is_there(seen) or time.monotonic() > until:
            return seen
        time.sleep(0.1)
