"""``python -m sk_digits``: the same as the command ``sk-digits``."""

import sys

from ._cli._parser import main

if __name__ == "__main__":
    sys.exit(main())
