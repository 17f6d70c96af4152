"""One client of the proxy: its requests, one after the other, each as the faults will have it."""

from attrs import define, field

from churn.system.faults.gate import Call, Lost, Refused
from churn.system.proxy.conductor import Conductor
from churn.system.proxy.exchange import Exchange, Next, ProxySettings, answer, healed, swallow
from churn.system.proxy.journal import Access
from churn.system.proxy.message import RequestHead, read_head
from churn.system.proxy.stream import either, stream
from churn.system.proxy.wire import Wire

Place = tuple[Conductor, int]
"""Who says when a client goes on, and the number of the client there."""
_BAD_REQUEST = 400
_BAD_GATEWAY = 502


@define
class Conversation:
    """A client's connection, and the connection to the engine that it has for itself from its first request on."""

    client: Wire
    settings: ProxySettings
    place: Place | None = None
    """Where it is one of several clients, of which one goes on at a time."""
    _engine: Wire | None = field(default=None, init=False)

    async def hold(self) -> None:
        """Pass on one request after the other until either side has no more to say; then both connections are closed."""
        try:
            follows = Next.REQUEST
            while follows is Next.REQUEST:
                follows = await self._converse()
            if follows is Next.STREAM and self._engine is not None:
                await stream(self.client, self._engine)
            if follows is Next.RESET:
                self.client.drop()
        except ConnectionResetError:
            self.client.drop()
        except OSError:
            pass  # one side has left, which the other sees now
        finally:
            self._close()

    def _close(self) -> None:
        self.client.close()
        if self._engine is not None:
            self._engine.drop()

    async def _converse(self) -> Next:
        """One request, from its arrival to the end of its reply."""
        try:
            raw = await self._next_head()
            if raw is None:
                return Next.END
            request = RequestHead.parse(raw)
        except ValueError as error:
            await self.client.send(answer(_BAD_REQUEST, str(error)))
            return Next.END
        access = self.settings.journal.asked(request.method, request.target)
        if self.place is None:
            return await self._admit(request, access)
        conductor, number = self.place
        if not await either(conductor.admitted(number, Call.of(request.method, request.target)), self.client.gone()):
            return Next.END
        try:
            return await self._admit(request, access)
        finally:
            conductor.answered(number)

    async def _next_head(self) -> bytes | None:
        """The next request's head; None where the client has closed or, between two requests, the engine has."""
        if self._engine is None:
            return await read_head(self.client)
        return await either(read_head(self.client), self._engine.ended())

    async def _admit(self, request: RequestHead, access: Access) -> Next:
        """Let the faults have it first."""
        gate = self.settings.gate
        call = Call.of(request.method, request.target)
        told = gate.before(call)
        if told is Lost.HANG:
            await either(healed(gate), self.client.gone())
            if self.client.has_gone():  # also where it had before the fault was off, and both are seen at once
                return Next.END
            told = None
        if isinstance(told, Refused):
            return await self._refuse(request, access, told.status, told.message)
        if told is not None:
            return await self._lose(request, told)
        return await self._ask(request, access, call)

    async def _ask(self, request: RequestHead, access: Access, call: Call) -> Next:
        """Let the engine answer it."""
        try:
            self._engine = self._engine or await self.settings.engine.connect()
        except OSError as error:
            return await self._refuse(request, access, _BAD_GATEWAY, self.settings.no_engine(error))
        return await Exchange(
            client=self.client, engine=self._engine, settings=self.settings, request=request, access=access, call=call
        ).follow()

    async def _refuse(self, request: RequestHead, access: Access, status: int, message: str) -> Next:
        """Answer in the engine's stead, once all of the request has come."""
        access.status = status
        if not await swallow(self.client, request):
            return Next.END
        await self.client.send(answer(status, message, bodiless=request.method == "HEAD"))
        return Next.REQUEST if request.keep_alive else Next.END

    async def _lose(self, request: RequestHead, lost: Lost) -> Next:
        """End the connection without an answer (so there is none to truncate), once all of the request has come.

        A client that was still sending would tell of that, not of how the connection ended.
        """
        await swallow(self.client, request)
        return Next.RESET if lost is Lost.RESET else Next.END
