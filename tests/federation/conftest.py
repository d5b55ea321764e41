"""What several tests of confined processes share."""

import json
import subprocess
import sys

import pytest

from course_utils import settings

# The end of a script that has named its attempts: makes each, and lists those that were not denied.
TRY = """
done = []
for name, attempt in attempts.items():
    try:
        attempt()
        done.append(name)
    except PermissionError:
        pass
print(json.dumps(done))
"""


@pytest.fixture
def attempted():
    """Function that runs a script of ``attempts`` in a process, and lists what it could do."""

    def run(script, *arguments, env=None):
        done = subprocess.run(
            [sys.executable, "-c", script + TRY, *map(str, arguments)],
            cwd=settings.ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        # Libraries may say something before.
        return json.loads(done.stdout.splitlines()[-1])

    return run
