"""How long a teacher is waited for, and how often it is asked again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long a call may take and how often it is tried: pauses double from the first to the longest, with jitter.

    `drain_s`: how long an end waits for answers that are under way, and paid.
    """

    timeout_s: float = 3600.0
    connect_timeout_s: float = 10.0
    attempts: int = 10
    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0
    drain_s: float = 60.0

    def pause_s(self, attempt: int, asked_s: float) -> float:
        """The pause after a failed attempt (counted from 0): what the server asked for, else the next doubling."""
        if asked_s:
            return asked_s * (1 + random.random() / 10)
        return min(self.longest_pause_s, self.first_pause_s * 2 ** min(attempt, 30)) * (0.5 + random.random() / 2)
