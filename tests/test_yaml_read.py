"""What is said of text that is no catalog: where it stands, what is wrong, and what to write."""

from typing import Any, Final

import pytest

from generator.diagnostics import MOST, CatalogError, Diagnostic, Position
from generator.yaml.read import MAX_BYTES, MAX_DEPTH, parse

KEEP_ONE: Final = "keep one side, and remove the conflict markers"
ALIGN: Final = "align it with the lines that it belongs to"
KEY: Final = "write 'key: value'"
QUOTE: Final = "put the value in quotes"
BRACKET: Final = "remove it, or put the text in quotes"
INSIDE: Final = "put all of it inside the quotes"
ESCAPE: Final = r"write '\\' for a backslash, or use single quotes"
DEEPER: Final = "this line is indented deeper than line 1, so it continues its text"
NO_LINE_ABOVE: Final = "the indentation of this line matches no line above"
SLIPS: Final = [
    # Conflicts, with the ends of lines of Windows, too; also when one of the marks is gone.
    ("a: 1\n<<<<<<< main\n", "2:1", "unresolved merge conflict", KEEP_ONE),
    ("a: 1\r\n=======\r\nb: 2\r\n>>>>>>> topic\r\n", "2:1", "unresolved merge conflict", KEEP_ONE),
    # Tabs, and a tab that is not to blame.
    ("a:\n\t\tb: 1\n", "2:1", "tab in the indentation", "indent with spaces"),
    ("a:\n  - b\n - c\td\n", "3:2", NO_LINE_ABOVE, ALIGN),
    # Quotes.
    (r'a: "\xZZ"', "1:7", "unknown escape sequence in double quotes", ESCAPE),
    (r'a: "\d+"', "1:5", "unknown escape sequence in double quotes", ESCAPE),
    ('a: "b', "1:4", "this quote is never closed", 'close it with "'),
    ("- 'a\n- 'b'", "1:3", "this quote is closed only at 2:3", "close it with ' where its text ends"),
    ("a: 'b'c", "1:7", "text after the closing quote", INSIDE),
    ("a: ['b' c]", "1:9", "text after the closing quote", f"{INSIDE}, or separate with ','"),
    ("a: 'b'\n  c: d", "2:3", NO_LINE_ABOVE, ALIGN),
    # Brackets: at the end of the text, before a line that is not deeper, and neither.
    ("a: [b", "1:4", "this '[' is never closed", "close it with ']'"),
    ("b: 1\na: {b", "2:4", "this '{' is never closed", "close it with '}'"),
    ("a: [b:\n\n\n", "1:4", "this '[' is never closed", "close it with ']'"),
    ("a:\n  [b\n  c: d\n", "2:3", "this '[' is never closed", "close it with ']'"),
    ("{a: b c: d", "1:8", "a ',' is missing before this, in the '{' opened at 1:1",
     "separate with ',', or close it with '}'"),
    ("{a: b c:", "1:8", "a ',' is missing before this, in the '{' opened at 1:1",
     "separate with ',', or close it with '}'"),
    ("a: [b: c: d", "1:9", "a ',' is missing before this, in the '[' opened at 1:4",
     "separate with ',', or close it with ']'"),
    ("a: b]\nc: ]", "2:4", "']' has no opening bracket", BRACKET),
    ("a: }", "1:4", "'}' has no opening bracket", BRACKET),
    ("a: {b: ]", "1:8", "']' does not close the '{' opened at 1:4", "close it with '}'"),
    ("a: [b}", "1:6", "'}' does not close the '[' opened at 1:4", "close it with ']'"),
    # Commas.
    ("a: [b,,c]", "1:7", "a value cannot start with ',' unless it is quoted", QUOTE),
    ("a: b\n, c", "2:1", "a value cannot start with ',' unless it is quoted", QUOTE),
    ("a: [b],\nc: d", "1:7", "',' separates values inside brackets only", BRACKET),
    # Colons.
    ("a b\nc: 1", "1:1", "':' is missing after this key", KEY),
    ("a: 1\nb\nc: 2", "2:1", "':' is missing after this key", KEY),
    ("a:b\nc: 1", "1:3", "a space is missing after ':'", KEY),
    ("a: b\n  c: d", "2:3", DEEPER, ALIGN),
    ("a: b: c", "1:5", "': ' is not allowed in unquoted text", "put the text in quotes"),
    # Indentation.
    ("a: - b", "1:4", "a list cannot start on the line of its key", "start it on the next line"),
    ("a: 1\n- b", "2:1", "a list item among the keys of the mapping that starts at 1:1", ALIGN),
    ("- a\nb: 1", "2:1", "a key among the items of the list that starts at 1:1", ALIGN),
    # What is rare is said in libyaml's words, with the place where that began, unless it is the same.
    ("a: [b] c", "1:8", "did not find expected key while parsing a block mapping, which starts at 1:1", None),
    (":", "1:1", "did not find expected key while parsing a block mapping", None),
    ("%YAML 3.0\n---\na", "1:1", "found incompatible YAML document", None),
]  # fmt: skip


def problems(text: str | bytes) -> tuple[Diagnostic, ...]:
    """What is wrong with a text, whether there is data to go on with or not."""
    try:
        return parse(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, "models.yaml").problems
    except CatalogError as error:
        return error.diagnostics


def place(finding: Diagnostic) -> str:
    """Line and column, as printed."""
    return f"{finding.position.line}:{finding.position.column}"


@pytest.mark.parametrize(("text", "at", "message", "hint"), SLIPS, ids=[repr(text) for text, *_ in SLIPS])
def test_a_slip_is_explained_where_it_was_made(text: str, at: str, message: str, hint: str | None) -> None:
    """The parser only says where it gave up, which may be lines later."""
    [found] = problems(text)
    assert (found.code, place(found), found.message, found.hint) == (
        "yaml-syntax",
        at,
        f"not valid YAML: {message}",
        hint,
    )


REJECTED: Final = [
    ("a: 'x\x07'", "1:6", "yaml-character", "character U+0007 is not allowed in a catalog", "remove it"),
    ('a: "\\0"', "1:4", "yaml-character", "character U+0000 is not allowed in a catalog", "remove it"),
    ('a: 1\nb: "c\\u2028"', "2:4", "yaml-character", "character U+2028 is not allowed in a catalog", "remove it"),
    ("\n\u2028a: 1", "2:1", "yaml-character", "character U+2028 is not allowed in a catalog", "remove it"),
    ("a: 0123", "1:4", "yaml-ambiguous-scalar", "YAML parsers disagree on the meaning of 0123", 'write "0123"'),
    ("on: 1", "1:1", "yaml-ambiguous-scalar", "YAML parsers disagree on the meaning of on", 'write "on"'),
    ("a: 2026-01-01 \u200bb", "1:4", "yaml-ambiguous-scalar",
     "YAML parsers disagree on the meaning of 2026-01-01 \N{REPLACEMENT CHARACTER}b", "put it in quotes"),
    ("a: <<", "1:4", "yaml-ambiguous-scalar", "YAML parsers disagree on the meaning of <<", 'write "<<"'),
    ("<<: a", "1:1", "yaml-merge-key", "merge keys are not allowed", "repeat the fields"),
    ("1: a", "1:1", "yaml-key", "a key must be text", "put the key in quotes"),
    ("null: a", "1:1", "yaml-key", "a key must be text", "put the key in quotes"),
    ("[a]: b", "1:1", "yaml-key", "a key must be text", "put the key in quotes"),
    ("a: 1\na: 2", "2:1", "yaml-duplicate-key", "duplicate key 'a'", "keep one of the two"),
    ("a: &b 1", "1:4", "yaml-alias", "anchor '&b' is not allowed", "repeat the value where it is used"),
    ("a: *b", "1:4", "yaml-alias", "alias '*b' is not allowed", "repeat the value"),
    ("a: !b 1", "1:4", "yaml-tag", "tag '!b' is not allowed", "remove the tag"),
    ("a: !!str 1", "1:4", "yaml-tag", "tag '!!str' is not allowed", "remove the tag"),
    ("a: 1\n--- b", "2:1", "yaml-multiple-documents", "a catalog is one YAML document", "remove '---'"),
    ("a: 1\nb\ufeff: 2", "2:2", "yaml-character", "character U+FEFF is not allowed in a catalog", "remove it"),
    (b"a: 1\nb: \xff", "2:4", "yaml-encoding", "byte 0xff is not valid UTF-8", "save the file as UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "code", "message", "hint"), REJECTED, ids=[repr(row[0]) for row in REJECTED])
def test_what_not_every_parser_reads_alike_is_rejected(
    text: str | bytes, at: str, code: str, message: str, hint: str
) -> None:
    """And what a catalog needs none of: tags, anchors, characters that no one sees."""
    [found] = problems(text)
    assert (found.code, place(found), found.message, found.hint) == (code, at, message, hint)


READ: Final = [
    (b"\xef\xbb\xbfa: 1", {"a": 1}),
    ("a: 'x\\0'", {"a": "x\\0"}),
    ("1: a", {"1": "a"}),
    ("[a]: b", {"": "b"}),
    ("a: 1\na: 2", {"a": 2}),
    ("a: [1, {b: [c]}, []]\nd: {}", {"a": [1, {"b": ["c"]}, []], "d": {}}),
    ("", None),
]


@pytest.mark.parametrize(("text", "data"), READ, ids=[repr(text) for text, _ in READ])
def test_there_is_data_to_go_on_with(text: str | bytes, data: Any) -> None:
    """A byte order mark is none of it; a key that is no text becomes some, so that its value is judged, too."""
    assert parse(text.encode() if isinstance(text, str) else text, "models.yaml").data == data


UNSHOWN: Final = "not-a-real-password"
SAID: Final = [
    (f"&{UNSHOWN} x", "anchor '&***' is not allowed", "repeat the value where it is used"),
    (f"*{UNSHOWN}", "alias '****' is not allowed", "repeat the value"),
    (f"!{UNSHOWN} x", "tag '***' is not allowed", "remove the tag"),
    (f"!!{UNSHOWN} x", "tag '***' is not allowed", "remove the tag"),
    ("0123456789", "YAML parsers disagree on the meaning of ***", 'write "***"'),
    (f"2026-01-01 \u200b{UNSHOWN}", "YAML parsers disagree on the meaning of ***", "put it in quotes"),
    (f"x}}\n--- {{API_KEY: {UNSHOWN}", "a catalog is one YAML document", "remove '---'"),
    (f'"{UNSHOWN}", {UNSHOWN}: 1, "{UNSHOWN}": 2', "duplicate key '***'", "keep one of the two"),
]


@pytest.mark.parametrize(("value", "message", "hint"), SAID)
def test_nothing_that_stands_beside_a_credential_is_repeated(value: str, message: str, hint: str) -> None:
    """Neither what is wrong with its line nor the line itself shows it."""
    [found] = problems(f"env: {{DB_PASSWORD: {value}}}")
    assert (found.message, found.hint, found.source_line) == (message, hint, None)


def test_the_largest_catalog_is_read() -> None:
    """A byte more is too many."""
    assert problems(b"a: 1\n".ljust(MAX_BYTES, b"#")) == ()
    [found] = problems(b"a: 1\n".ljust(MAX_BYTES + 1, b"#"))
    assert (found.code, place(found)) == ("yaml-too-large", "1:1")
    assert found.message == "the catalog has 8,388,609 bytes, but at most 8,388,608 are allowed"
    assert found.hint == "give each team its own catalog"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_the_deepest_catalog_is_read(opening: str, closing: str) -> None:
    """A level more is too deep."""
    assert problems(opening * MAX_DEPTH + closing * MAX_DEPTH) == ()
    [found] = problems(opening * (MAX_DEPTH + 1) + closing * (MAX_DEPTH + 1))
    assert (found.code, found.message, found.hint) == ("yaml-too-deep", "nested deeper than 32 levels", None)
    assert place(found) == f"1:{1 + len(opening) * MAX_DEPTH}"


def test_no_more_is_reported_than_anyone_reads() -> None:
    """One more than is printed, so that it is said that there are more."""
    assert len(problems("a: 0123\n" * MOST)) == MOST + 1


DOCUMENT: Final = parse(b"a: 1\r\nb:\r\n- c: {d: e}\r\n- password: not-a-real-password", "models.yaml")


@pytest.mark.parametrize(
    ("loc", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("a",), (1, 4), (1, 1)),
        (("b",), (3, 1), (2, 1)),
        (("b", 0), (3, 3), (3, 3)),
        (("b", 0, "c", "d"), (3, 10), (3, 7)),
        # The nearest that there is: never the key of what only encloses it.
        (("x",), (1, 1), (1, 1)),
        (("a", "x"), (1, 4), (1, 4)),
        (("b", 2), (3, 1), (3, 1)),
        (("b", "x"), (3, 1), (3, 1)),
        (("b", 0, "c", 0), (3, 6), (3, 6)),
    ],
)
def test_a_value_and_its_key_are_located(
    loc: tuple[str | int, ...], value: tuple[int, int], key: tuple[int, int]
) -> None:
    """Where a finding points, whether about a value or about its name."""
    assert (DOCUMENT.locate(loc), DOCUMENT.locate(loc, key=True)) == (value, key)


def test_a_value_extends_from_its_key_to_its_end() -> None:
    """All of it is hidden when it is a credential."""
    assert DOCUMENT.extent(("b", 0, "c")) == ((3, 3), (3, 12))
    assert DOCUMENT.extent(("b", 0)) == ((3, 3), (4, 1))


def test_a_line_is_shown_without_its_end_unless_it_gives_a_credential() -> None:
    """Nor is there one past the end."""
    lines = [DOCUMENT.line(Position(number, 1)) for number in range(1, 6)]
    assert lines == ["a: 1", "b:", "- c: {d: e}", None, None]
    assert parse(b"a: 1\nb: 2", "models.yaml").line(Position(2, 1)) == "b: 2"
