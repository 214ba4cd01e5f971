"""What a model costs: the manifest's price, nothing on this machine, else the list prices that genai-prices holds."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from pipeline.models.endpoints import bare, is_loopback
from pipeline.models.generate import Completion
from schemas import manifest

_PICOUSD = Decimal(10**12)
_USD_A_MILLION = Decimal(10**6)
# Some prices rise with the length of the prompt; the first step of any is far above this.
_LOOKED_UP_TOKENS = 1000
_HOURS = 24


@dataclass(frozen=True)
class Price:
    """Whole picodollars (10^-12 USD) a token, which are microdollars a million tokens. `cached`: prompt tokens found in a cache."""

    input: int = 0
    output: int = 0
    cached: int = 0

    def cost_nanousd(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> int:
        """What so many tokens cost, rounded up."""
        fresh = prompt_tokens - cached_tokens
        return -(-(fresh * self.input + cached_tokens * self.cached + completion_tokens * self.output) // 1000)

    def of(self, completion: Completion) -> int:
        """What an answer cost by the tokens that its server reports."""
        return self.cost_nanousd(completion.prompt_tokens, completion.completion_tokens, completion.cached_tokens)

    def share(self, part: int) -> "Price":
        """One of so many equal parts of it, rounded up."""
        return Price(-(-self.input // part), -(-self.output // part), -(-self.cached // part))


FREE = Price()


def price_of(model: str, base_urls: Sequence[str], told: manifest.Price | None = None) -> Price | None:
    """The price of a model: the one that is told, 0 on loopback, else the provider's; None where no list has it.

    Where several servers take different prices it is the highest of each kind.
    """
    if told is not None:
        return Price(_pico(told.input), _pico(told.output), _pico(told.input if told.cached is None else told.cached))
    found = [FREE if is_loopback(url) else _listed(model, bare(url)) for url in base_urls]
    known = [price for price in found if price is not None]
    if not known or len(known) < len(found):
        return None
    return Price(*(max(getattr(price, kind) for price in known) for kind in ("input", "output", "cached")))


def nanousd_of(usd: float) -> int:
    """An amount in USD as whole nanodollars, rounded down: a cap is not passed by a part of one."""
    return int(Decimal(repr(usd)).scaleb(9))


def usd(nanousd: int) -> str:
    """An amount as people read it, with the cents and as many digits more as a small one needs."""
    digits = 2 if nanousd >= 10**9 or not nanousd else 4 if nanousd >= 10**6 else 9
    return f"${Decimal(nanousd).scaleb(-9):,.{digits}f}"


def _pico(usd_a_million: float) -> int:
    return _whole(Decimal(repr(usd_a_million)) * _PICOUSD / _USD_A_MILLION)


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))


def _listed(model: str, url: str) -> Price | None:
    """A provider's list price, the highest of the day where it changes with the hour."""
    prices = importlib.import_module("genai_prices")
    now = datetime.now(UTC)
    hours = [now.replace(hour=hour, minute=30) for hour in range(_HOURS)]
    try:
        found = [_at(prices, model, url, hour) for hour in hours]
    except LookupError:
        return None
    return Price(*(max(kind) for kind in zip(*found, strict=True)))


def _at(prices: Any, model: str, url: str, when: datetime) -> tuple[int, int, int]:
    """Input, output and cached input at one hour, in picodollars a token."""
    kinds = ({"input_tokens": _LOOKED_UP_TOKENS}, {"output_tokens": _LOOKED_UP_TOKENS})
    cached = {"input_tokens": _LOOKED_UP_TOKENS, "cache_read_tokens": _LOOKED_UP_TOKENS}
    told = [
        prices.calc_price(prices.Usage(**usage), model, provider_api_url=url, genai_request_timestamp=when).total_price
        for usage in (*kinds, cached)
    ]
    full, output, read = (_whole(amount * _PICOUSD / _LOOKED_UP_TOKENS) for amount in told)
    return full, output, read or full
