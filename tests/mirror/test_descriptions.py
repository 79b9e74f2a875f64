"""Which descriptions say something, whatever markup they are in."""

import json

import pytest

from thirdeye.mirror.descriptions import is_described


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\t ", "\u00a0", "\u200b\ufeff", "\u3164", "<p></p>", "<p><br></p>", "<p><br/></p>\n<p> </p>",
        "<P>\u00a0</P>",
        "<p>&nbsp;</p>", "<p>&#160;&ZeroWidthSpace;</p>", "&lt;p&gt;&lt;/p&gt;", "<!-- to do -->", "<p><!-- a > b --></p>",
        '<div class="note"><span data-x="Sales"></span></div>', '<img src="sales.png">', "![](sales.png)", "[](https://a.example)",
        "**", "---", "# ", "> ", "```sql\n```", "- \n- ", "1. \n2. ", "| | |\n|---|---|", "...", "<p",
    ],
)  # fmt: skip
def test_markup_and_blanks_say_nothing(text: str) -> None:
    assert not is_described(json.dumps(text))
    assert not is_described(json.dumps(text, ensure_ascii=False))


@pytest.mark.parametrize(
    "text",
    [
        "Sales", "<p>Sales</p>", "<p></p>7", "ä", "説明", "🔥", "1.5", "a < b > c",
        "![Sales](x.png)", "[Sales](x)", "```sql\nSELECT 1\n```",
        "&Auml;", "<p><b>x</b></p>", "\u00a0x", "2 > 1", "- [x] done",
    ],
)  # fmt: skip
def test_anything_that_can_be_read_says_something(text: str) -> None:
    assert is_described(json.dumps(text))
    assert is_described(json.dumps(text, ensure_ascii=False))


@pytest.mark.parametrize("text", [None, "null", "7", "true", '["Sales"]', '{"a": "Sales"}', ""])
def test_only_texts_are_descriptions(text: str | None) -> None:
    assert not is_described(text)


@pytest.mark.parametrize(("text", "described"), [
    ('"<p></p><p></', False), ('"<p>S', True), ('"   \\', False), ('" \\u00', False),
    ('"<p>x\\ud83d', True), ('"\\ud800"', True), ('"' + "[" * 200_000, False), ('"' + "<a" * 100_000, True),
    ('"' + "\\n" * 100_000 + '"', False), ('"' + "](" * 100_000, False),
])  # fmt: skip
def test_what_is_cut_or_broken_is_read_as_far_as_it_goes(text: str, described: bool) -> None:
    assert is_described(text) == described
