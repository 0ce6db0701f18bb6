"""Texts of records as HTML."""

from __future__ import annotations

import re
from html import unescape

import pytest

from kg.serve.rich_text import rich_text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("One line", "<p>One line</p>"),
        ("Two\nlines", "<p>Two<br>lines</p>"),
        ("Two\n\nparagraphs", "<p>Two</p><p>paragraphs</p>"),
        ("* a\n* b", "<ul><li>a</li><li>b</li></ul>"),
        ("- a\n\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", '<ol><li value="1">a</li><li value="2">b</li></ol>'),
        ("3) a\n5) b", '<ol><li value="3">a</li><li value="5">b</li></ol>'),
        ("* a\n   * b\n* c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("* a\n  goes on", "<ul><li>a<br>goes on</li></ul>"),
        ("Head:\n\n* a\n\nAfter", '<p class="lead">Head:</p><ul><li>a</li></ul><p>After</p>'),
        ("CYP2C19*2 and *3", "<p>CYP2C19*2 and *3</p>"),
        ("age \\>= 18 \\& \\<b\\>", "<p>age &gt;= 18 &amp;</p>"),
        ("p<0.05 & q", "<p>p&lt;0.05 &amp; q</p>"),
        ("<p>a</p><ul><li>b</li></ul>", "<p>a</p><ul><li>b</li></ul>"),
        (
            "a) x\nb) y",
            '<ol><li class="marked"><span class="mark">a)</span> x</li>'
            '<li class="marked"><span class="mark">b)</span> y</li></ol>',
        ),
        ("\u202eevil\x07", "<p>\\u202Eevil\\u0007</p>"),
        ("\t* a", "<ul><li>a</li></ul>"),
    ],
)
def test_blocks(text: str, html: str) -> None:
    assert rich_text(text) == html


def test_links_are_those_of_studies_and_of_the_web() -> None:
    found = rich_text(
        "See NCT02059759, NCT00000000 and https://a.org/x?b=1&c=2).", lambda n: "/s" if n.endswith("59") else ""
    )
    assert '<a href="/s">NCT02059759</a>, NCT00000000 and' in found
    assert (
        '<a href="https://a.org/x?b=1&amp;c=2" rel="noopener noreferrer nofollow">https://a.org/x?b=1&amp;c=2</a>).'
        in found
    )
    assert "<a" not in rich_text("javascript:alert(1) ftp://a.org")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "* <b onclick=x>", "1. </ol><script>"]
)
def test_nothing_becomes_markup(text: str) -> None:
    assert set(re.findall(r"<\s*/?\s*(\w+)", rich_text(text))) <= {"p", "ul", "ol", "li", "br", "span"}
    assert "onerror=" not in re.sub(r"&\w+;|[^<>]*", "", rich_text(text))


def test_lists_are_closed_whatever_their_indentation() -> None:
    text = "\n".join(f"{' ' * (7 * i % 11)}* item {i}" for i in range(40)) + "\n\nend"
    html = rich_text(text)
    for tag in ("ul", "li", "p"):
        assert html.count(f"<{tag}") == html.count(f"</{tag}>")
    assert re.findall(r"item (\d+)", unescape(html)) == [str(i) for i in range(40)]


def test_deep_nesting_and_long_texts_take_linear_time() -> None:
    text = "\n".join(" " * (3 * i) + "* x" for i in range(2000))
    html = rich_text(text)
    assert html.count("<ul>") <= 6
    assert html.count("<li>") == 2000
