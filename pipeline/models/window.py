"""How many requests one server is given at once, and whether it is given any: learnt from what it answers."""

from dataclasses import dataclass, field

FIRST = 16
_BEGUN_MOST = 64
_CUT = 0.7
_DOUBLED = 1.5
_GAIN = 1.1
_SLOWER = 1.3
_QUEUED = 2.0
_BACK = 0.9
FAULTS_TO_OPEN = 10


@dataclass
class _Round:
    """The answers of one pass of the window."""

    begun_s: float
    size: float
    answers: int = 0
    latency_s: float = 0.0
    tokens: int = 0
    full: bool = False


@dataclass
class Window:
    """A limit on requests in flight, at first a quarter of the most (16 to 64): doubled every round, then one more a round, cut when the server refuses.

    A server that never refuses but queues shows it by latency: where a round with more in flight took longer and brought
    no more tokens a second, the window goes back. Times are seconds of one clock.
    """

    most: int
    size: float = 0.0
    _ceiling: float = field(default=float("inf"), init=False)
    _cut_s: float = field(default=float("-inf"), init=False)
    _round: _Round | None = field(default=None, init=False)
    _before: tuple[float, float, float] | None = field(default=None, init=False)
    _best: tuple[float, float] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        # A quarter of what is allowed is full after two rounds, and no flood for a server that was said to take four times as much.
        self.size = float(min(self.most, self.size or max(FIRST, min(_BEGUN_MOST, self.most // 4))))

    @property
    def room(self) -> int:
        """Requests that may be in flight."""
        return int(self.size)

    def answered(self, sent_s: float, now_s: float, tokens: int, in_flight: int) -> None:
        """An answer came whole; `in_flight` counts it."""
        if self._round is None:
            self._round = _Round(sent_s, self.size)
        found = self._round
        found.answers += 1
        found.latency_s += now_s - sent_s
        found.tokens += max(1, tokens)
        if in_flight * 2 >= self.room:
            found.full = True
            grown = self.size + (1.0 if self.size < self._ceiling else 1.0 / self.size)
            self.size = min(float(self.most), grown)
        if found.answers >= found.size:
            self._weigh(found, now_s)
            self._round = _Round(now_s, self.size)

    def refused(self, sent_s: float, now_s: float) -> None:
        """The server said that it is given too much; heeded once for all that was in flight by then."""
        if sent_s < self._cut_s:
            return
        self.size = self._ceiling = max(1.0, self.size * _CUT)
        self._cut_s = now_s
        self._round = self._before = None

    def restart(self) -> None:
        """The server is back from being dead: it is loaded gently."""
        self.size = float(min(self.room, FIRST))
        self._round = self._before = None

    def _weigh(self, found: _Round, now_s: float) -> None:
        """Goes back where more in flight only waited longer."""
        if not found.full or now_s <= found.begun_s:
            return
        # Per token: answers of later questions may be longer, which is no queue.
        latency_s, rate = found.latency_s / found.tokens, found.tokens / (now_s - found.begun_s)
        before, best = self._before, self._best
        self._before = (found.size, latency_s, rate)
        if best is None or rate > best[1]:
            self._best = (min(latency_s, best[0]) if best else latency_s, rate)
        if before is not None and self.size < self._ceiling and found.size >= before[0] * _DOUBLED:
            if rate < before[2] * _GAIN and latency_s > before[1] * _SLOWER:
                self.size = self._ceiling = before[0]
                self._before = None
        elif best is not None and latency_s > best[0] * _QUEUED and rate < best[1] * _BACK:
            self.size = self._ceiling = max(float(FIRST if self.most >= FIRST else 1), self.size * _BACK)
            # What was best may be long ago: the server may be another one by now.
            self._best = (best[0] * _GAIN, best[1] / _GAIN)


@dataclass
class Breaker:
    """Keeps requests from a server that only fails: open for a while, then one request goes as a probe."""

    faults: int = 0
    openings: int = 0
    open_until_s: float = 0.0
    probing: bool = False

    @property
    def closed(self) -> bool:
        """Whether requests go through freely."""
        return not self.openings

    def lets(self, now_s: float) -> bool:
        """Whether a request may go now; through an open breaker one alone."""
        return self.closed or (now_s >= self.open_until_s and not self.probing)

    def sent(self) -> bool:
        """A request goes; True where it is the probe."""
        self.probing = not self.closed
        return self.probing

    def succeeded(self) -> None:
        """The server answered, be it with a refusal: it lives."""
        self.faults = self.openings = 0
        self.probing = False

    def failed(self, *, probe: bool, dead: bool) -> bool:
        """A fault of the server; True where the breaker is to open, for as long as the caller says with `rest`."""
        self.faults += 1
        return probe or (self.closed and (dead or self.faults >= FAULTS_TO_OPEN))

    def rest(self, until_s: float) -> None:
        """Opens, or stays open, until then."""
        self.openings += 1
        self.open_until_s = until_s
        self.probing = False
