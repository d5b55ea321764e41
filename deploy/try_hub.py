"""Ten learners in lesson 03 at once, through a JupyterHub on this computer: memory and time each.

    .venv/bin/pip install --constraint requirements-extras.txt jupyterhub==6.1.1
    npm install --global configurable-http-proxy@5.3.0
    .venv/bin/python deploy/try_hub.py [learners] [cells]

For the trial anyone may sign in, and all learners are processes of yours.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import requests
import websocket

COURSE = Path(__file__).resolve().parents[1]
HUB = "http://127.0.0.1:8765"
TOKEN = secrets.token_hex(16)
HEADERS = {"Authorization": f"token {TOKEN}"}
CONFIG = f"""
c = get_config()
c.JupyterHub.bind_url = {HUB!r}
c.JupyterHub.hub_port = 8766
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:8767"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = [{sys.executable!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{"COURSE_DATASET": "practice", "COURSE_STATIC": "1"}}
c.Spawner.env_keep = ["PATH", "PYTHONPATH", "COURSE_DATA", "TF_CPP_MIN_LOG_LEVEL"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.JupyterHub.services = [{{"name": "trial", "api_token": {TOKEN!r}, "admin": True}}]
"""


def ask(method, path, **options):
    answer = requests.request(method, HUB + path, headers=HEADERS, timeout=300, **options)
    answer.raise_for_status()
    return answer.json() if answer.content else {}


def learn(name, cells):
    """Start a learner's server, run the cells in a kernel there, and return the seconds."""
    ask("POST", f"/hub/api/users/{name}")
    start = time.perf_counter()
    ask("POST", f"/hub/api/users/{name}/server")
    while not ask("GET", f"/hub/api/users/{name}")["servers"].get("", {}).get("ready"):
        time.sleep(1)
    served = time.perf_counter() - start
    kernel = ask("POST", f"/user/{name}/api/kernels", json={"name": "python3"})["id"]
    address = f"{HUB.replace('http', 'ws')}/user/{name}/api/kernels/{kernel}/channels"
    line = websocket.create_connection(address, header=HEADERS, timeout=1800)
    for cell in cells:
        _run(line, cell)
    return served, time.perf_counter() - start


def _run(line, code):
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "",
              "session": "trial", "version": "5.3", "date": ""}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    line.send(json.dumps({"channel": "shell", "header": header, "parent_header": {},
                          "metadata": {}, "content": content, "buffers": []}))  # fmt: skip
    while True:
        message = json.loads(line.recv())
        if message["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if message["msg_type"] == "error":
            raise RuntimeError(message["content"]["evalue"])
        if message["msg_type"] == "execute_reply":
            return


def memory(hub):
    """Megabytes of memory that are a learner's own, on average, for servers and for kernels."""
    found = {"jupyterhub.singleuser": [], "ipykernel_launcher": []}
    for process in hub.children(recursive=True):
        words = " ".join(process.cmdline())
        for name, sizes in found.items():
            if name in words:
                sizes.append(process.memory_full_info().uss / 1e6)
    return {name: sum(sizes) / max(1, len(sizes)) for name, sizes in found.items()}


def main(learners=10, most=None):
    lesson = nbformat.read(COURSE / "notebooks" / "03_baseline_cnn.ipynb", as_version=4)
    cells = [one.source for one in lesson.cells if one.cell_type == "code"][:most]
    with tempfile.TemporaryDirectory() as here:
        config = Path(here) / "config.py"
        config.write_text(CONFIG)
        command = [sys.executable, "-m", "jupyterhub", "--config", str(config)]
        with open(Path(here) / "log", "w") as log:
            hub = subprocess.Popen(command, cwd=here, stdout=log, stderr=log, env=os.environ)
        try:
            _wait()
            with ThreadPoolExecutor(learners) as pool:
                names = [f"learner-{number:02}" for number in range(learners)]
                done = list(pool.map(lambda name: learn(name, cells), names))
            sizes = memory(psutil.Process(hub.pid))
        finally:
            for process in [*psutil.Process(hub.pid).children(recursive=True), hub]:
                process.terminate()
            hub.wait(60)
    served, ended = zip(*done, strict=True)
    print(f"{learners} learners, {len(cells)} cells of lesson 03, {os.cpu_count()} cores")
    print(f"server ready after {min(served):.0f} to {max(served):.0f} s")
    print(f"last cell done after {min(ended):.0f} to {max(ended):.0f} s")
    print(", ".join(f"{name}: {size:.0f} MB a learner" for name, size in sizes.items()))


def _wait():
    for _ in range(120):
        try:
            return ask("GET", "/hub/api/info")
        except requests.ConnectionError:
            time.sleep(1)
        except requests.HTTPError:
            time.sleep(1)
    raise SystemExit("The hub does not answer.")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
