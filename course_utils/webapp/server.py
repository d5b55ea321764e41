"""``course app``: the part of lesson 14 that is the app, served by Voila to this computer alone."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from course_utils import settings
from course_utils.core import display, packages
from course_utils.core.errors import CourseError
from course_utils.webapp import uploads

NOTEBOOK = "14_web_app.ipynb"
TAG = "app"  # of the cell of the lesson that is the app
TITLE = "Brain slices: teaching material, no medical device"
TEMPLATE = Path(__file__).with_name("template.html.j2")
# Nobody but this computer can reach it; who else is on this computer needs the token.
ADDRESS = "127.0.0.1"
PORTS = range(8866, 8886)
# Bytes of data that a kernel may hold; one that answers holds 0.8 GB. See _limit_memory.
MOST_MEMORY = 3_000_000_000
# What the page needs of all that is installed for JupyterLab.
EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
HEADERS = {
    # The page fetches nothing from elsewhere, sends nothing elsewhere, and sits in no other page.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' "
    "'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' blob: data:; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def serve(port: int | None = None, browser: bool = True) -> int:
    """Serve the app until Ctrl-C, each visitor with a kernel, and so a memory, of its own.

    One kernel is started ahead, so that nobody waits for TensorFlow. Who may come in is decided in
    ``doors.py``. Returns the exit code.
    """
    packages.need("app")
    port = _free(PORTS if port is None else [port])
    # In a process of its own, whose memory is free again afterwards.
    prepared = subprocess.run([sys.executable, "-m", "course_utils", "app", "--prepare"])
    if prepared.returncode:
        return prepared.returncode
    from traitlets.config import Config

    from course_utils.webapp import doors

    where = f"http://{ADDRESS}:{port}/login?token="
    token = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / NOTEBOOK
        page.write_text(json.dumps(only_the_app(settings.NOTEBOOKS / NOTEBOOK)), encoding="utf-8")
        template = Path(folder) / "voila" / "templates" / "course"
        template.mkdir(parents=True)
        (template / "index.html.j2").write_text(TEMPLATE.read_text(encoding="utf-8"))
        (template / "conf.json").write_text('{"base_template": "lab"}')
        before = os.environ.get("JUPYTER_PATH")
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [folder, before]))
        # What an environment variable says about lessons and tests must not reach the visitors.
        for name in ("COURSE_STATIC", "PYTEST_CURRENT_TEST"):
            os.environ.pop(name, None)
        os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
        entrance = Path(folder) / "open.html"
        entrance.write_text(f'<meta http-equiv="refresh" content="0; url={where}{token}">')
        _limit_memory()
        server = doors.App.instance(
            config=Config(_configuration(port, browser, token)), entrance=entrance.as_uri()
        )
        server.initialize([str(page)])
        print(
            f"The app is at {where}{token}\nfor this computer alone. This address is the key: "
            "keep it to yourself. Ctrl-C stops the app.",
            flush=True,
        )
        server.start()
    return 0


def only_the_app(path: Path) -> dict:
    """Take a notebook's cells that are the app, without their outputs, as a notebook."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if TAG in cell["metadata"].get("tags", [])]
    notebook["cells"] = [cell | {"outputs": [], "execution_count": None} for cell in cells]
    notebook["metadata"]["title"] = TITLE
    return notebook


def _configuration(port: int, browser: bool, token: str) -> dict:
    from course_utils.webapp import doors

    return {
        "Voila": {
            "ip": ADDRESS,
            "port": port,
            "port_retries": 0,
            "open_browser": browser and display.has_display(),
            "log_level": "ERROR",
            "token": token,
            "identity_provider_class": doors.Keeper,
            "tornado_settings": {
                "headers": HEADERS,
                # A page elsewhere can have its own name mean this computer (DNS rebinding), and
                # would then count as this one: only the names of this computer itself are taken.
                "allow_remote_access": False,
                "local_hostnames": ["localhost"],
                # The address of a request may hold the token: none is written down.
                "log_function": lambda handler: None,
                # A little more than the largest file, so that its last byte comes through.
                "websocket_max_message_size": uploads.MOST_BYTES + 1_000_000,
            },
        },
        # Other pages cannot send it along, and it ends with the browser.
        "IdentityProvider": {"cookie_options": {"samesite": "Strict", "expires_days": None}},
        "VoilaConfiguration": {
            "multi_kernel_manager_class": doors.FewKernels,
            "template": "course",
            "preheat_kernel": True,
            "default_pool_size": 1,
            "strip_sources": True,
            "show_tracebacks": False,
            "allow_template_override": "NO",
            "allow_theme_override": "NO",
            # Voila would serve any picture that lies beside the notebook.
            "file_allowlist": [],
            "extension_allowlist": EXTENSIONS,
        },
        "KernelManager": {"transport_encryption": "auto"},
        "MappingKernelManager": {
            "cull_idle_timeout": doors.IDLE_SECONDS,
            "cull_interval": max(1, doors.IDLE_SECONDS // 15),
            # A page that was left open must not keep a place for ever.
            "cull_connected": True,
        },
    }


def _limit_memory() -> None:
    """Limit the memory of this process and of every kernel that it will start, each by itself.

    Linux alone keeps to such a limit: macOS takes it and forgets it, Windows knows none.
    """
    if sys.platform != "linux":
        print("This system cannot limit the memory of the app's kernels: let no stranger in.")
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_MEMORY if most == resource.RLIM_INFINITY else min(MOST_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _free(ports) -> int:
    for port in ports:
        with contextlib.suppress(OSError), socket.socket() as trial:
            trial.bind((ADDRESS, port))
            return port
    raise CourseError(
        f"Port {ports[0]} is taken by another program: choose another one with --port."
    )
