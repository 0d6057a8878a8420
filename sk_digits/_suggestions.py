"""Suggestions for names that a user misspelt."""

import difflib


def did_you_mean(name, known):
    """Return " Did you mean 'epochs'?" for the known name nearest to `name`, or "" if none is near."""
    nearest = difflib.get_close_matches(str(name), [str(candidate) for candidate in known], n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""
