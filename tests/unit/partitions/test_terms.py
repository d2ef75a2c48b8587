import pytest

from sqlbackfill.errors import UsageError
from sqlbackfill.partitions.terms import (
    Between,
    Everything,
    InState,
    Last,
    Name,
    StateWord,
    parse_spec,
)


def only(text):
    (term,) = parse_spec([text]).terms
    return term


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("2024-01-05", Name("2024-01-05")),
        ("2024-01-01..2024-03-31", Between(Name("2024-01-01"), Name("2024-03-31"))),
        ("2024-01-01..", Between(Name("2024-01-01"), None)),
        ("..2024-03-31", Between(None, Name("2024-03-31"))),
        ("2024-01-05T01-04:00", Name("2024-01-05T01-04:00")),
        ("2024-01-05T01:15", Name("2024-01-05T01:15")),
        ("-5..-1", Between(Name("-5"), Name("-1"))),
        ("all", Everything()),
        ("last:7", Last(7)),
        ("stale", InState(StateWord.STALE)),
        ("eu", Name("eu")),
        ("New York", Name("New York")),
        ("'eu,1'", Name("eu,1", is_quoted=True)),
        ('"it\'s"', Name("it's", is_quoted=True)),
        ("'it''s'", Name("it's", is_quoted=True)),
        ("'all'", Name("all", is_quoted=True)),
        ("'a..b:stale'", Name("a..b:stale", is_quoted=True)),
        ("''", Name("", is_quoted=True)),
    ],
)
def test_a_term_is_read_as_what_it_says(text, what):
    assert only(text).what == what
    assert not only(text).is_negated


def test_commas_and_repeated_texts_join_in_order():
    spec = parse_spec(["2024-01, 2024-03", "!2024-01-05"])
    assert [(t.text, t.is_negated) for t in spec.terms] == [
        ("2024-01", False),
        ("2024-03", False),
        ("!2024-01-05", True),
    ]


def test_a_colon_narrows_by_state():
    assert only("2024-03:missing").states == (StateWord.MISSING,)
    assert only("last:7:failed").what == Last(7)
    assert only("last:7:failed").states == (StateWord.FAILED,)
    assert only("2024-01-05T03:stale").what == Name("2024-01-05T03")
    assert only("'a:b':stale:failed").states == (StateWord.STALE, StateWord.FAILED)
    assert only("2024-01-01..2024-02:failed").what == Between(Name("2024-01-01"), Name("2024-02"))


def test_a_dimension_holds_for_the_terms_after_it_in_the_same_text():
    spec = parse_spec(["region=eu,us,day=2024-01", "2024-02"])
    assert [t.dimension for t in spec.terms] == ["region", "region", "day", None]
    assert [t.what for t in spec.terms][1] == Name("us")


def test_a_negation_may_stand_on_either_side_of_the_dimension():
    assert only("!region=eu").is_negated
    assert only("region=!eu").is_negated
    assert only("region=!eu").what == Name("eu")


@pytest.mark.parametrize(
    ("texts", "by_state"),
    [
        (["missing,stale"], True),
        (["2024:missing,failed"], True),
        (["missing,!2024-01-05"], True),
        (["missing,2024-01-05"], False),
        (["!2024-01-05,missing"], False),
        (["all"], False),
    ],
)
def test_a_spec_knows_whether_it_chooses_by_state_alone(texts, by_state):
    assert parse_spec(texts).is_by_state is by_state


@pytest.mark.parametrize(
    ("text", "message", "caret"),
    [
        ("", "a term is empty", "^"),
        ("2024-01,", "a term is empty", "        ^"),
        ("2024,,2025", "a term is empty", "     ^"),
        ("2024,!", "a term is empty", "     ^"),
        ("2024-03:mising", "`mising` is no state; did you mean `missing`?", "        ^^^^^^"),
        ("region:eu", "`eu` is no state", "       ^^"),
        ("..", "a range without ends", "^^"),
        ("1..2..3", "a range has two ends", " ^^^^^^"),
        ("1...3", "a range has two ends", " ^^^^"),
        ("missing..2024", "`missing` is no end of a range", "^^^^^^^"),
        ("2024..last:7", "`last:7` is no end of a range", "      ^^^^^^"),
        ("last:0", "`last:0` says not how many", "^^^^^^"),
        ("last", "`last` says not how many", "^^^^"),
        ("last:x", "`last:x` says not how many", "^^^^^^"),
        ("2024,'eu", "a quote is not closed", "     ^^^"),
        ("'eu'x", "`x` follows a quoted key", "    ^"),
        ("it's", "`'` cannot stand here", "  ^"),
        ("!!2024", "`!` cannot stand here", " ^"),
        ("a b=c", "`=` cannot stand here", "   ^"),
    ],
)
def test_what_cannot_be_read_is_marked_in_its_text(text, message, caret):
    with pytest.raises(UsageError) as caught:
        parse_spec([text])
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "INVALID_PARTITION_SPEC"
    assert diagnostic.message == f"-p `{text}`: {message}"
    assert diagnostic.notes == (("in", f"{text}\n{caret}"),)
    assert diagnostic.fix


def test_every_fault_of_every_text_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        parse_spec(["2024,,..", "last:0"])
    assert len(caught.value.diagnostics) == 3


def test_no_text_at_all_is_an_error():
    with pytest.raises(UsageError, match="no partitions are named"):
        parse_spec([])
