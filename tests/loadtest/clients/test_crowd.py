import asyncio
import time

from loadtest.clients.crowd import Crowd
from loadtest.measured.hdr import Book
from loadtest.measured.measures import Measures
from parley.errors import Overloaded, Unavailable
from tests.waiting import until


class FakeApiClient:
    """Answers as it is told to."""

    def __init__(self, takes_s: float = 0.0, says: Exception | None = None) -> None:
        self.dues: list[float] = []
        self._takes_s, self._says = takes_s, says

    async def calm(self) -> None:
        pass

    def lasts(self, n: int) -> float:
        return 0.05

    async def call(self, n: int, due: float, book: Book) -> None:
        self.dues.append(due)
        await asyncio.sleep(self._takes_s)  # so slow is it
        if self._says:
            raise self._says
        book.late("answer", due)

    async def close(self) -> None:
        pass


async def crowd_of(client: FakeApiClient, people: int, seconds: float, every_s: float = 0.0) -> tuple[Crowd, Measures]:
    measures, began = Measures(), time.monotonic()
    crowd = Crowd(client, Book(measures, began), every_s, began + seconds)
    await asyncio.gather(*(crowd.person() for _ in range(people)))
    return crowd, measures


async def test_nobody_waits_for_an_answer() -> None:
    """Calls are made at their times however long the answers take, and latency counts from then."""
    client = FakeApiClient(takes_s=0.3)
    _, measures = await crowd_of(client, people=2, seconds=0.4, every_s=0.05)
    assert len(client.dues) >= 14
    gaps = {round(later - earlier, 6) for earlier, later in zip(client.dues[::2], client.dues[2::2], strict=False)}
    assert gaps == {0.05}
    assert measures.latencies["answer"].percentile_ms(0) >= 300


async def test_people_speak_one_recording_after_the_other() -> None:
    """Without a rate, the next call is due when the recording is over; none that would go on after the end."""
    client = FakeApiClient()
    await crowd_of(client, people=1, seconds=0.22)
    assert 1 <= len(client.dues) <= 4


async def test_what_goes_wrong_is_counted() -> None:
    """Errors by their reason; a refusal is none, and its own latency is measured."""
    _, broken = await crowd_of(FakeApiClient(says=Unavailable("gone")), people=1, seconds=0.3)
    assert broken.among("error ") == {"UNAVAILABLE": broken.total("calls")}
    _, strange = await crowd_of(FakeApiClient(says=ValueError("odd")), people=1, seconds=0.3)
    assert strange.among("error ") == {"ValueError": strange.total("calls")}
    _, full = await crowd_of(FakeApiClient(says=Overloaded("full", retry_s=1)), people=1, seconds=0.3)
    assert (full.among("error "), full.among("refused ")) == ({}, {"QUEUE_FULL": full.total("calls")})
    assert full.latencies["refusal"].count == full.total("calls") >= 1


async def test_hanging_up_is_no_error() -> None:
    """A share of those who talk are gone; those that are given up at the end are errors."""
    measures, began = Measures(), time.monotonic()
    crowd = Crowd(FakeApiClient(takes_s=30), Book(measures, began), 0.0, began + 0.4)
    people = [asyncio.create_task(crowd.person()) for _ in range(5)]
    await until(lambda: measures.total("calls") >= 5)
    open_now = measures.total("calls")
    crowd.hang_up(1.0)
    await asyncio.sleep(0.5)  # past the end: nobody begins another call
    assert measures.total("hung up") == open_now
    crowd.give_up()
    await asyncio.gather(*people)
    assert measures.total("error UNFINISHED") == measures.total("calls") - open_now > 0
