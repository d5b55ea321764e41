"""A JupyterHub for a class: one computer, one environment, an account of the system a learner.

As root, where Node.js is and the course has been set up (make setup):

    .venv/bin/pip install --constraint requirements-extras.txt jupyterhub==6.1.1
    npm install --global configurable-http-proxy@5.3.0
    .venv/bin/jupyterhub --config deploy/jupyterhub_config.py

The folder of the course has to be one that all may read, such as /opt/course.

Learners sign in with the name and password of their account. Each gets the lessons copied to the
folder brain-mri-course, and a data folder there; practice data is simulated once a learner.
"""

import shutil
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
FOLDER = "brain-mri-course"


def hand_out(spawner):
    """Copy the lessons to a learner's home on the first day; later, what is there stays."""
    import pwd

    account = pwd.getpwnam(spawner.user.name)
    home = Path(account.pw_dir) / FOLDER
    if not home.exists():
        shutil.copytree(COURSE / "notebooks", home / "notebooks")
        (home / "data").mkdir()
        for path in (home, *home.rglob("*")):
            shutil.chown(path, account.pw_uid, account.pw_gid)


c = get_config()  # noqa: F821
# Put a certificate here, or a web server with one before it: passwords come this way.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
# Accounts of the system, of which those in the group "course" may enter.
c.PAMAuthenticator.allowed_groups = {"course"}
c.Spawner.pre_spawn_hook = hand_out
c.Spawner.cmd = [str(COURSE / ".venv" / "bin" / "jupyter-labhub")]
c.Spawner.notebook_dir = f"~/{FOLDER}"
c.Spawner.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.Spawner.environment = {
    # The course puts the learner's home in place of ~.
    "COURSE_DATA": f"~/{FOLDER}/data",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# Starting thirty servers at once takes a while on a small computer.
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.JupyterHub.concurrent_spawn_limit = 5
