"""How objects look as YAML. tools/ tests that the real parsers read them alike."""

from typing import Any

import pytest

from generator.yaml.write import Shared, dump


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("vLLM", "vLLM"),
        ("/mnt/models", "/mnt/models"),
        ("../../base", "../../base"),
        ("--port=8080", "--port=8080"),
        ("-m", "-m"),
        ("https://s3.example.com:9000", "https://s3.example.com:9000"),
        ("quay.io/a/b@sha256:0f", "quay.io/a/b@sha256:0f"),
        ("Twelve languages, and one (more)", "Twelve languages, and one (more)"),
        ("8Gi", "8Gi"),
        ("8Ki", "8Ki"),
        ("500m", "500m"),
        ("0m", '"0m"'),
        ("oN", '"oN"'),
        ("Größe-é", '"Größe-é"'),
        ("\x7f", '"\\x7f"'),
        ("\xff\x00", '"ÿ\\x00"'),
        ("\u0100\x80", '"Ā\\x80"'),
        ("\uffff", '"\\uffff"'),
        ("\U00010ffe\U000e0001", '"\\U00010ffe\\U000e0001"'),
        ('ö "quoted" \\', '"ö \\"quoted\\" \\\\"'),
        ('a "b" \\', "'a \"b\" \\'"),
        ("one\n", "|\n  one"),
        ("one\n\x1b", '"one\\n\\x1b"'),
        ("one\ntwo\tthree", '"one\\ntwo\\tthree"'),
        ("one\ntwo ", '"one\\ntwo "'),
        ("one\nGröße", "|-\n  one\n  Größe"),
        ("", '""'),
        ("2", '"2"'),
        ("1.10", '"1.10"'),
        ("0x1F", '"0x1F"'),
        ("1e3", '"1e3"'),
        ("5E", '"5E"'),
        ("2024-01-01", '"2024-01-01"'),
        ("no", '"no"'),
        ("Y", '"Y"'),
        ("null", '"null"'),
        ("~", '"~"'),
        ("<<", '"<<"'),
        ("=", '"="'),
        ("{{.Name}}", '"{{.Name}}"'),
        ("key: value", '"key: value"'),
        ("not #1", '"not #1"'),
        ("- item", '"- item"'),
        (" padded ", '" padded "'),
        ("trailing:", '"trailing:"'),
        ('["nvidia.com/gpu"]', "'[\"nvidia.com/gpu\"]'"),
        ('it\'s "so"', '"it\'s \\"so\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("tab\there", '"tab\\there"'),
        ("a\r\nb", '"a\\r\\nb"'),
        ("Größe", '"Größe"'),
        ("🙂", '"🙂"'),
        ("hard\xa0space", '"hard\\xa0space"'),
        ("\u2028", '"\\u2028"'),
        ("\ufeff", '"\\ufeff"'),
        ("\x00\x1b", '"\\x00\\x1b"'),
        ("\U0010ffff", '"\\U0010ffff"'),
        ("one\ntwo", "|-\n  one\n  two"),
        ("one\n\n  two: #2\n", "|\n  one\n\n    two: #2"),
        ("trailing \nblank", '"trailing \\nblank"'),
        ("two ends\n\n", '"two ends\\n\\n"'),
        ("\nfirst line empty", '"\\nfirst line empty"'),
        ("# looks like a comment\n", '"# looks like a comment\\n"'),
    ],
)
def test_text_is_plain_if_possible(text: str, written: str) -> None:
    """Plain if no parser misreads it, a block if it has several lines, otherwise quoted."""
    assert dump({"key": text}) == f"key: {written}\n"


def test_an_object_looks_as_kubectl_prints_it() -> None:
    """Keys in the order given, lists not indented, empty lists and maps in place."""
    obj = {
        "kind": "Kind",
        "on": True,
        "off": False,
        "number": -3,
        "nothing": {},
        "none": [],
        "map": {"08": {"deep": 1}},
        "list": ["a", 2, True, [], {}, {"name": "b", "values": ["c"], "more": {"d": "e"}}, "l\nm"],
    }
    assert dump(obj, "# header") == (
        "# header\n"
        "kind: Kind\n"
        '"on": true\n'
        '"off": false\n'
        "number: -3\n"
        "nothing: {}\n"
        "none: []\n"
        "map:\n"
        '  "08":\n'
        "    deep: 1\n"
        "list:\n"
        "- a\n"
        "- 2\n"
        "- true\n"
        "- []\n"
        "- {}\n"
        "- name: b\n"
        "  values:\n"
        "  - c\n"
        "  more:\n"
        "    d: e\n"
        "- |-\n"
        "  l\n"
        "  m\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"a": {"b": "one\ntwo"}}, "key:\n  a:\n    b: |-\n      one\n      two\n"),
        ({"a": [{"b": "one\ntwo"}]}, "key:\n  a:\n  - b: |-\n      one\n      two\n"),
        ({"a": ["one\ntwo"]}, "key:\n  a:\n  - |-\n    one\n    two\n"),
        ([{"a": {"b": 1}, "c": [{"d": 1, "e": 2}]}], "key:\n- a:\n    b: 1\n  c:\n  - d: 1\n    e: 2\n"),
        ([{"a": [{"b": ["c"]}]}], "key:\n- a:\n  - b:\n    - c\n"),
        ({"no": {"yes": {}}}, 'key:\n  "no":\n    "yes": {}\n'),
        ({"no": ["a"]}, 'key:\n  "no":\n  - a\n'),
        ({"no": 1}, 'key:\n  "no": 1\n'),
        (("a", ()), "key:\n- a\n- []\n"),
        ((), "key: []\n"),
    ],
)
def test_depth_is_shown_by_indentation(value: Any, written: str) -> None:
    """Two spaces for each map; a list has its dash in place of them."""
    assert dump({"key": value}) == written


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "not written to YAML: NoneType"),
        (1.5, "not written to YAML: float"),
        (b"bytes", "not written to YAML: bytes"),
        ({"a"}, "not written to YAML: set"),
        ([["nested"]], "a list directly in a list does not occur in Kubernetes objects"),
        ([("nested",)], "a list directly in a list does not occur in Kubernetes objects"),
    ],
)
def test_values_that_no_object_contains_are_refused(value: Any, message: str) -> None:
    """Floats, nulls and nested lists would be a bug in the compiler."""
    with pytest.raises(TypeError, match=f"^{message}$"):
        dump({"key": value})
    with pytest.raises(TypeError):
        dump({"key": [value]})


def test_an_object_without_a_header_begins_with_its_first_key() -> None:
    """Nothing stands in place of the header, and nothing follows the last line."""
    assert dump({"a": 1}) == "a: 1\n"
    assert dump({"a": 1}, "# one") == "# one\na: 1\n"


def test_a_shared_map_is_written_like_any_other() -> None:
    """At each depth, although its text is made once per depth."""
    content = {"no": 1, "args": ["a", {"b": {"c": 2}}], "text": "one\ntwo"}
    shared = Shared(content)
    for _ in range(2):
        for wrap in (lambda value: value, lambda value: {"spec": value}, lambda value: {"list": [value]}):
            assert dump(wrap({"yes": shared, "z": 1})) == dump(wrap({"yes": content, "z": 1}))
    assert shared.text("  ") is shared.text("  ")


def test_a_shared_value_is_written_twice() -> None:
    """There are no anchors: Argo CD's diff and reviewers need the value."""
    shared = {"cpu": "1"}
    assert dump({"limits": shared, "requests": shared}) == 'limits:\n  cpu: "1"\nrequests:\n  cpu: "1"\n'
