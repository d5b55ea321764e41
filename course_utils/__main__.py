"""``python -m course_utils`` is the ``course`` command."""

import sys

from course_utils.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
