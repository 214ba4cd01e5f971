import pytest

from pipeline.models.generate import Completion
from pipeline.models.prices import FREE, Price, price_of, usd
from schemas import manifest


@pytest.mark.parametrize(
    ("tokens", "cost_nanousd"),
    [
        ((1_000_000, 0, 0), 550_000_000),
        ((0, 1_000_000, 0), 2_190_000_000),
        ((1_000_000, 0, 1_000_000), 140_000_000),
        ((1_000, 100, 900), 55_000 + 126_000 + 219_000),
        ((1, 0, 1), 140),
        ((0, 0, 0), 0),
    ],
)
def test_cached_prompt_tokens_have_a_price_of_their_own(tokens: tuple[int, int, int], cost_nanousd: int):
    price = price_of("r1", ["https://api.example/v1"], manifest.Price(input=0.55, output=2.19, cached=0.14))
    assert price is not None
    assert price.cost_nanousd(*tokens) == cost_nanousd
    assert price.of(Completion("", "stop", "", tokens[0], tokens[1], tokens[2])) == cost_nanousd


def test_a_part_of_a_nanodollar_is_rounded_up():
    assert Price(input=1).cost_nanousd(1, 0) == 1
    assert price_of("m", [], manifest.Price(input=0.0000001, output=0.0)) == Price(1, 0, 1)


def test_without_a_price_for_cached_tokens_they_cost_what_others_cost():
    assert price_of("m", ["https://api.example/v1"], manifest.Price(input=2.0, output=8.0)) == Price(2_000_000, 8_000_000, 2_000_000)


def test_this_machine_takes_nothing_but_a_price_that_is_told_counts():
    assert price_of("deepseek-reasoner", ["http://127.0.0.1:8000/v1", "http://localhost/v1"]) == FREE
    assert price_of("m", ["http://127.0.0.1:8000/v1"], manifest.Price(input=1.0, output=1.0)) == Price(10**6, 10**6, 10**6)


@pytest.mark.parametrize(
    ("model", "url", "expected"),
    [
        ("deepseek-reasoner", "https://api.deepseek.com/v1", Price(550_000, 2_190_000, 140_000)),
        ("gpt-4o", "https://user:secret@api.openai.com/v1", Price(2_500_000, 10_000_000, 1_250_000)),
        ("a-model-that-nobody-lists", "https://api.openai.com/v1", None),
        ("gpt-4o", "https://gateway.example/v1", None),
    ],
)
def test_a_provider_is_known_by_its_address(model: str, url: str, expected: Price | None):
    pytest.importorskip("genai_prices", reason="genai-prices is not installed")
    assert price_of(model, [url]) == expected


def test_several_servers_cost_what_the_dearest_takes_and_nothing_known_where_one_is_unknown():
    pytest.importorskip("genai_prices", reason="genai-prices is not installed")
    asked = ["http://127.0.0.1:1/v1", "https://api.openai.com/v1"]
    assert price_of("gpt-4o", asked) == price_of("gpt-4o", asked[1:])
    assert price_of("gpt-4o", [*asked, "https://gateway.example/v1"]) is None


@pytest.mark.parametrize(
    ("nanousd", "shown"), [(0, "$0.00"), (550, "$0.000000550"), (1_234_567, "$0.0012"), (12_345 * 10**9, "$12,345.00")]
)
def test_amounts_show_as_many_digits_as_they_need(nanousd: int, shown: str):
    assert usd(nanousd) == shown
