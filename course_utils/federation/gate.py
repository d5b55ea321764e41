"""The only door to a coordinator from outside: for the messages of hospitals, and for nothing else.

Flower 1.41 does all its business on one port: with hospitals (``/v1/fleet``), with whoever submits
apps and registers keys (``/v1/control``), and with the processes of apps (``/v1/runtime``). It asks
nobody at the latter two who they are. So the coordinator itself listens on loopback alone, and a
gate, with the same certificate, passes on what hospitals need.
"""

from pathlib import Path

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from course_utils.federation.subprocesses import LOCALHOST

# All that a registered hospital asks for; to register itself is not among it.
ROUTES = (
    *("activate-node", "deactivate-node", "send-node-heartbeat"),
    *("get-run", "get-fab", "pull-messages", "push-messages"),
    *("pull-object", "push-object", "confirm-message-received"),
)
LARGEST = 64_000_000  # bytes of one request
# What concerns one connection only, and what is written anew on the next one.
OWN = {"connection", "content-encoding", "content-length", "host", "keep-alive"}
OWN |= {"transfer-encoding", "upgrade"}


def gate(link: int, authority: Path) -> Starlette:
    """Pass the requests of hospitals on to the coordinator on this port of this computer."""

    async def pass_on(request: Request) -> Response:
        # A body whose length is not said beforehand might have no end.
        length = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or int(length) > LARGEST:
            return Response("too much at once", 413)
        address = f"https://{LOCALHOST}:{link}{request.scope['path']}"
        headers = {name: text for name, text in request.headers.items() if name not in OWN}
        body = await request.body()
        return await run_in_threadpool(_ask, request.method, address, body, headers, authority)

    hospital = [Route(f"/v1/fleet/{name}", pass_on, methods=["POST"]) for name in ROUTES]
    return Starlette(routes=[*hospital, Route("/health", pass_on, methods=["GET"])])


def serve(host: str, port: int, link: int, keys: Path) -> None:
    """Keep the gate at an address of this computer until the process is ended."""
    uvicorn.run(
        gate(link, keys / "ca.pem"),
        host=host,
        port=port,
        ssl_certfile=keys / "coordinator.pem",
        ssl_keyfile=keys / "coordinator.key",
        log_level="warning",
    )


def _ask(method: str, address: str, body: bytes, headers: dict, authority: Path) -> Response:
    with requests.Session() as session:
        # No proxy, and no other authority, whatever the environment says.
        session.trust_env = False
        try:
            answer = session.request(
                method, address, data=body, headers=headers, verify=str(authority), timeout=60
            )
        except OSError:
            return Response("the coordinator does not answer", 502)
    headers = {name: text for name, text in answer.headers.items() if name.lower() not in OWN}
    return Response(answer.content, answer.status_code, headers)
