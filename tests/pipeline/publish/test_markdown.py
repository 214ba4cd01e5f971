import pytest

from pipeline.publish import markdown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a | b", "a \\| b"),
        ("<img src=x>", "\\<img src=x\\>"),
        ("*bold* _it_ `x`", "\\*bold\\* \\_it\\_ \\`x\\`"),
        ("[a](b)", "\\[a\\](b)"),
        ("two\nlines\u2028three", "two lines three"),
        ("1. first", "1\\. first"),
        ("- item", "\\- item"),
        ("# head", "\\# head"),
        ("0.1.0 CC-BY-4.0", "0.1.0 CC-BY-4.0"),
        ("https://a.b www.c.d", "https\\://a.b www\\.c.d"),
        ("@user $x$ &amp; ~~no~~", "\\@user \\$x\\$ \\&amp; \\~\\~no\\~\\~"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_data_stays_text(value: str, shown: str):
    assert markdown.text(value) == shown


@pytest.mark.parametrize(("value", "shown"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a|b", "`a\\|b`"), ("", "–")])
def test_code_spans_hold_any_text(value: str, shown: str):
    assert markdown.code(value) == shown


def test_only_web_addresses_become_links():
    assert markdown.link("a", "https://x.y/z") == "[a](https://x.y/z)"
    assert markdown.link("a", "javascript:alert(1)") == "a"
    assert markdown.link("a", "https://x.y/) [b](c") == "[a](https://x.y/%29%20%5Bb%5D%28c)"


def test_a_block_cannot_be_closed_by_what_it_holds():
    assert markdown.block("```\nout").splitlines() == ["````", "```", "out", "````"]


def test_numbers_stand_right_with_thousands_marked():
    assert markdown.table(("name", "rows"), [("a", 1234567)]) == "| name | rows |\n| --- | ---: |\n| a | 1,234,567 |"
