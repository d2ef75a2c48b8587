"""Links of numbers and text that the SQL itself builds, to the moment or number that they are built from.

Ranges of written text are about the moment that it names, so that only equal text has equal bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from sqlglot import exp

from sqlbackfill.partitions.bounds import BoundType
from sqlbackfill.partitions.paths import DAY_US, Op, Step
from sqlbackfill.query import images
from sqlbackfill.query.epochs import Count, Epoch, Rounding, count_of
from sqlbackfill.query.formats import Digits, WrittenText, digits_of, written_text
from sqlbackfill.query.images import SAME, Image, then
from sqlbackfill.query.kinds import Kind, KindOf, is_time
from sqlbackfill.query.units import whole_number

# The argument, and the images from it and back to it.
Found: TypeAlias = tuple[exp.Expr, Image, Image]
# The images from a kind to the session's clock and back; None where there is no rule.
ToWall: TypeAlias = Callable[[Kind], tuple[Image, Image] | None]

_SECOND_US: Final = 1_000_000
# Between these a double tells microseconds apart.
_MODERN: Final = (Step(Op.AT_LEAST, _SECOND_US), Step(Op.AT_MOST, 2**32 * _SECOND_US))


def epoch_link(epoch: Epoch) -> Found:
    """The link of a moment to the whole number that it is read from."""
    if epoch.unit_us == 1:
        return epoch.number, SAME, SAME
    moment = (Step(Op.MULTIPLY, epoch.unit_us),)
    # Numbers are whole, so that the first one at or after a moment serves both ends.
    number = (Step(Op.DIVIDE_HI, epoch.unit_us),)
    return epoch.number, (moment, moment), (number, number)


def encoded(node: exp.Expr, kind: KindOf, to_wall: ToWall, dialect: str) -> Found | None:
    """The link of text or a number that `node` builds; None where it builds neither."""
    text = _text_of(node, kind, dialect)
    if text is not None:
        return _text_link(text, kind(text.argument), to_wall)
    count = count_of(node, dialect)
    if count is not None and kind(count.moment) in count.kinds:
        return count.moment, *_count_images(count)
    digits = digits_of(node, dialect)
    if digits is not None and is_time(kind(digits.argument)):
        return _digits_link(digits, kind(digits.argument), to_wall)
    if (
        isinstance(node, exp.TryCast)
        and node.to.this not in _WIDE
        and kind(node) is BoundType.INTEGER
    ):
        return (
            _read_back(node.this, BoundType.INTEGER, kind, dialect)
            if _fits(node, dialect)
            else None
        )
    if isinstance(node, (exp.Cast, exp.TryCast)):
        return _read_back(node.this, kind(node), kind, dialect)
    if isinstance(node, exp.ToNumber):
        return _read_back(node.this, BoundType.INTEGER, kind, dialect)
    if isinstance(node, (exp.TsOrDsToDate, exp.Date)):
        plain = not any(v for k, v in node.args.items() if k not in ("this", "safe"))
        return _read_back(node.this, BoundType.DATE, kind, dialect) if plain else None
    return _scaled(node, kind)


def is_number(node: exp.Expr, kind: KindOf, dialect: str) -> bool:
    """Whether `node` is a number, whole or not, whose ranges are known as whole numbers."""
    if kind(node) is BoundType.INTEGER:
        return True
    count = count_of(_bare(node), dialect)
    return count is not None and kind(count.moment) in count.kinds


def _text_of(node: exp.Expr, kind: KindOf, dialect: str) -> WrittenText | None:
    text = written_text(_bare(node), dialect)
    if text is None:
        return None
    source = kind(text.argument)
    if text.is_epoch:
        return text if source is BoundType.INTEGER else None
    if isinstance(_bare(node), (exp.Cast, exp.TryCast)):
        return text if source is BoundType.DATE else None
    if text.is_reading and source is BoundType.TIMESTAMPTZ:
        return None
    return text if is_time(source) else None


def is_text(node: exp.Expr, kind: KindOf, dialect: str) -> bool:
    """Whether `node` is text that the SQL writes from a moment in a known form."""
    return _text_of(node, kind, dialect) is not None


def is_whole(node: exp.Expr, kind: KindOf, dialect: str) -> bool:
    """Whether `node` is a whole number that is built from a moment or another whole number."""
    count = count_of(node, dialect)
    if count is not None and kind(count.moment) in count.kinds:
        return count.is_whole and not isinstance(node, exp.Floor)
    if isinstance(node, exp.ToNumber):
        return _read_back(node.this, BoundType.INTEGER, kind, dialect) is not None
    digits = digits_of(node, dialect)
    if digits is not None and is_time(kind(digits.argument)):
        return True
    return _factor(node, kind) is not None


def _text_link(text: WrittenText, source: Kind, to_wall: ToWall) -> Found | None:
    if text.zone is not None:
        if source is not BoundType.TIMESTAMPTZ:
            return None
        both = images.local_image(text.zone), images.instant_image(text.zone)
    else:
        known = to_wall(BoundType.TIMESTAMPTZ if text.is_epoch else source)
        if known is None:
            return None
        both = known
    forward, backward = both
    if text.is_epoch:
        moment, number = Step(Op.MULTIPLY, _SECOND_US), Step(Op.DIVIDE_HI, _SECOND_US)
        forward = then(((moment,), (moment,)), forward)
        backward = then(backward, ((number,), (number,)))
    return (
        text.argument,
        then(forward, images.floors(text.unit)),
        then(images.ceils(text.unit), backward),
    )


def _count_images(count: Count) -> tuple[Image, Image]:
    unit, since, until = count.unit_us, _origin(-count.since), _origin(count.since)
    if unit == 1:
        return since, until
    low: tuple[Step, ...] = (Step(Op.DIVIDE_LO, unit),)
    high: tuple[Step, ...] = (Step(Op.DIVIDE_HI, unit),)
    back: tuple[Step, ...] = (Step(Op.MULTIPLY, unit),)
    first = back
    if count.rounding is Rounding.NONE:
        low, high = _MODERN + low, _MODERN + high
        first = back = back + _MODERN
    elif count.rounding is Rounding.EITHER:
        high, first = (*high, Step(Op.SHIFT, 1)), (*back, Step(Op.SHIFT, -unit))
    return then((low, high), since), then(until, (first, back))


def _digits_link(digits: Digits, source: Kind, to_wall: ToWall) -> Found | None:
    both = to_wall(source)
    if both is None:
        return None
    forward, backward = both
    number, moment = _digit_images(digits.unit)
    return digits.argument, then(forward, number), then(moment, backward)


def _digit_images(unit: str) -> tuple[Image, Image]:
    number = then(images.floors(unit), _both(Step(Op.DIGITS, name=unit)))
    return number, _both(Step(Op.FROM_DIGITS, name=unit))


def _read_back(node: exp.Expr, target: Kind, kind: KindOf, dialect: str) -> Found | None:
    """The link of a date or a number that is read from written text or rounded from a count."""
    node = _bare(node)
    text = _text_of(node, kind, dialect)
    if text is not None:
        if target is BoundType.INTEGER and text.is_number:
            return node, *_digit_images(text.unit)
        if dialect in _READS_ISO and text.is_iso and target is BoundType.DATE:
            return node, images.floors("day"), images.ceils("day")
        return None
    count = count_of(node, dialect)
    if count is None or target is not BoundType.INTEGER or kind(count.moment) not in count.kinds:
        return None
    slack = SAME if count.is_whole else images.widening(1)
    return node, slack, slack


_WIDE: Final = frozenset({exp.DataType.Type.BIGINT, exp.DataType.Type.INT128})
_INT_DIGITS: Final = frozenset({"year", "month", "day"})


def _fits(node: exp.TryCast, dialect: str) -> bool:
    """Whether every number that is tried to be cast fits, so that none of them is NULL where its moment is not."""
    if node.to.this is not exp.DataType.Type.INT:
        return False
    text, count = written_text(_bare(node.this), dialect), count_of(_bare(node.this), dialect)
    if text is not None:
        return text.unit in _INT_DIGITS
    return count is not None and count.unit_us >= DAY_US


# In the others a setting tells how text is read as a date.
_READS_ISO: Final = frozenset({"duckdb", "bigquery", "postgres", "spark", "databricks"})


def _scaled(node: exp.Expr, kind: KindOf) -> Found | None:
    factor = _factor(node, kind)
    if factor is None:
        return None
    up = _both(Step(Op.MULTIPLY, factor))
    if isinstance(node, exp.Mul):
        first = _both(Step(Op.DIVIDE_HI, factor))
        return _operands(node)[0], up, first
    # Whole-number division drops towards zero, or downward: the same above zero.
    positive = (Step(Op.AT_LEAST, 1),)
    low = (*positive, Step(Op.DIVIDE_LO, factor))
    high = (*positive, Step(Op.DIVIDE_HI, factor))
    return node.this, (low, high), then((positive, positive), up)


def _factor(node: exp.Expr, kind: KindOf) -> int | None:
    """The positive literal by which a whole number is multiplied or divided into a whole number."""
    if not isinstance(node, (exp.Mul, exp.IntDiv)):
        return None
    number, literal = _operands(node)
    factor = whole_number(literal) if isinstance(literal, exp.Literal) else None
    if factor is None or factor < 1 or literal.is_string or number.find(exp.Column) is None:
        return None
    return factor if kind(number) is BoundType.INTEGER else None


def _operands(node: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """The number and the literal of a product; of a division as they stand."""
    if isinstance(node, exp.Mul) and isinstance(node.this, exp.Literal):
        return node.expression, node.this
    return node.this, node.expression


def _origin(amount: int) -> Image:
    return _both(Step(Op.ORIGIN, amount)) if amount else SAME


def _both(step: Step) -> Image:
    return (step,), (step,)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node
