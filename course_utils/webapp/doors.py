"""What stands at the app's door: which address, whose key, how many visitors, from which page.

Voila asks for nothing: it takes every ``Host``, starts a kernel for every request, and hands its
files and one socket to anybody. What Jupyter's server can ask for is switched on here, and the rest
is added.
"""

import asyncio
import hmac
import html
import webbrowser

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado import web
from tornado.ioloop import IOLoop
from traitlets import Unicode
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from course_utils.webapp import NOTICE

# Visitors at once; whoever is expected next counts, for the kernel of that visitor runs already.
MOST_KERNELS = 3
# A visitor who does nothing for so many seconds is forgotten, with the picture; one who closes the
# page is forgotten a moment later.
IDLE_SECONDS, GRACE_SECONDS = 900, 5
KEY = (
    "This app asks for a key: open the whole address that 'course app' printed, up to the last "
    "letter of the token."
)
FULL = (
    f"All {MOST_KERNELS} places are taken. Close another page of this app, or try again later: "
    f"whoever does nothing for {IDLE_SECONDS // 60} minutes loses the place."
)
ELSEWHERE = (
    "Another page sent you here, and no other page may start this app: type its address, or open "
    "the one that 'course app' printed."
)


class Keeper(IdentityProvider):
    """Takes the token at one address; from then on a cookie is the key.

    So no page, no log of it and no kernel ever sees the token, and no token passes by the checks
    of where a request comes from.
    """

    def get_token(self, handler) -> str | None:
        """Token of a request that has the right one, else None."""
        given = handler.get_query_argument("token", "") if isinstance(handler, Door) else ""
        # In the same time however much of it is right, or it could be guessed piece by piece.
        return self.token if hmac.compare_digest(given.encode(), self.token.encode()) else None

    def get_handlers(self) -> list[tuple[str, type]]:
        """Where the token is taken: it has no form to fill in, and nobody logs out."""
        return [("/login", Door)]


class Door(JupyterHandler):
    """Takes the token, gives the cookie, and sends the visitor on; or says what is missing."""

    @allow_unauthenticated
    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        if self.current_user is None:
            self.set_status(403)
            self.finish(sheet(KEY))
        else:
            # Not a redirect: the next request must come from a page of this app, see Page.
            self.finish(sheet("The app opens.", '<meta http-equiv="refresh" content="0; url=/">'))

    def write_error(self, status_code: int, **_) -> None:
        """Say nothing to whoever comes by a foreign name."""
        self.finish(sheet("There is no app at this address."))


class Page(TornadoVoilaHandler):
    """The app itself: each request for it takes a kernel."""

    async def get(self, path: str | None = None) -> None:
        # Browsers say where a request comes from. Without this, a page elsewhere could take all
        # places by showing pictures that lie at this address.
        if self.request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            raise web.HTTPError(403, ELSEWHERE)
        await super().get(path)
        # If all places were taken for a while, no kernel is ready for the next visitor.
        self.kernel_manager.fill_if_needed(notebook_name=self.notebook_path)

    def write_error(self, status_code: int, **about) -> None:
        """Say it in a sentence."""
        (_, error, _) = about.get("exc_info", (None, None, None))
        says = getattr(error, "log_message", None) or "There is no app at this address."
        self.finish(sheet(says))


class Channel(VoilaKernelWebsocketHandler):
    """The line between a page and its kernel: where it is cut, the kernel ends with its picture.

    Pages do not say goodbye: they are closed, or their browser is.
    """

    def on_close(self) -> None:
        """Give the page a moment to come back, then end the kernel."""
        super().on_close()
        IOLoop.current().call_later(GRACE_SECONDS, self._leave)

    async def _leave(self) -> None:
        kernels = self.kernel_manager
        if self.kernel_id in kernels and not kernels.kernel_model(self.kernel_id)["connections"]:
            await kernels.shutdown_kernel(self.kernel_id)


class FewKernels(AsyncMappingKernelManager):
    """Kernels for a few visitors, and not one more."""

    # Two that start together must not both take the last place.
    _one_by_one = asyncio.Lock()

    async def start_kernel(self, **options) -> str:
        """Start a kernel, or say that all places are taken."""
        async with self._one_by_one:
            if len(self) >= MOST_KERNELS:
                raise web.HTTPError(503, FULL)
            return await super().start_kernel(**options)


class App(Voila):
    """Voila behind this door."""

    # Not the address itself: as a word of a browser's command, others could read the token.
    entrance = Unicode(help="Address of a file that leads to the app, token and all.")

    def init_settings(self) -> dict:
        """As Voila's; but where all places are taken, no kernel is started ahead."""
        settings = super().init_settings()
        fill = self.kernel_manager.fill_if_needed

        def fill_if_room(*words, **options):
            if len(self.kernel_manager) < MOST_KERNELS:
                fill(*words, **options)

        self.kernel_manager.fill_if_needed = fill_if_room
        return settings

    def init_handlers(self) -> list:
        """As Voila's, all of them behind the checks of host and key."""
        return [
            (path, _locked(handler), *options)
            for path, handler, *options in super().init_handlers()
            # Tells anybody by which address a visitor came, and no cell of ours asks.
            if handler is not RequestInfoSocketHandler
        ]

    def launch_browser(self) -> None:
        """Open the browser on the entrance."""
        webbrowser.open(self.entrance)


def sheet(says: str, head: str = "") -> str:
    """Make a page of one sentence."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Brain slices</title>'
        f'<meta name="viewport" content="width=device-width">{head}</head>'
        f'<body style="max-width: 40rem; margin: 3rem auto; font: 17px/1.5 sans-serif">'
        f"<main><p>{html.escape(says)}</p><p>{NOTICE}</p></main></body></html>"
    )


def _locked(handler: type) -> type:
    if issubclass(handler, JupyterHandler):
        return {TornadoVoilaHandler: Page, VoilaKernelWebsocketHandler: Channel}.get(
            handler, handler
        )
    # Voila's own files: tornado hands them out without a question.
    return type(handler.__name__, (JupyterHandler, handler), {})
