"""What may stand in a select list without saying which rows there are. Owns no canonical form.

Closed lists: a function that is not named here could give several rows, fold them, or differ from call
to call.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from sqlbackfill.query.determinism import is_aggregate, is_unknown_function, is_volatile

_NODES: Final = """
Alias And Array AtTimeZone Between Boolean Bracket Case Cast Coalesce Collate Column DataType
DataTypeParam Distinct Escape Filter Identifier If IgnoreNulls In Interval IntervalSpan IsNullValue
JSONPath JSONPathKey JSONPathRoot JSONPathSubscript Lambda Literal Neg Not Null Nullif Or Order
Ordered Paren PropertyEQ RespectNulls Slice Struct TryCast Tuple Var Where Window WindowSpec
WithinGroup Xor
""".split()  # noqa: SIM905  a literal list is many times as long
_FUNCTIONS: Final = """
Abs Acos AddMonths Anonymous ArrayConcat ArrayContains ArrayDistinct ArrayFirst ArrayLast ArrayMax
ArrayMin ArrayPosition ArraySize ArraySlice ArraySort ArraySum ArrayToString Ascii Asin Atan Atan2
BitLength BitwiseCount Cbrt Ceil Chr Concat ConcatWs Contains ConvertTimezone Cos Cosh Cot Date
DateAdd DateBin DateDiff DateFromParts DateStrToDate DateSub DateToDateStr DateToDi DateTrunc
Datetime DatetimeAdd DatetimeDiff DatetimeSub DatetimeTrunc Day DayOfMonth DayOfWeek DayOfWeekIso
DayOfYear Dayname Decode DecodeCase Degrees DiToDate Encode EndsWith EqualNull Exp Extract Factorial
Floor Format FromBase64 Getbit Greatest Hex Hour Initcap IsInf IsNan JSONBExtract JSONBExtractScalar
JSONExtract JSONExtractScalar JSONObject JSONType LastDay Least Left Length Levenshtein Ln Log Lower
MD5 MakeInterval Map MapFromEntries MapKeys Minute Month Monthname MonthsBetween NumberToStr Nvl2
Overlay Pad ParseJSON Pi Pow Quarter Radians RegexpExtract RegexpExtractAll RegexpFullMatch
RegexpILike RegexpLike RegexpReplace RegexpSplit Repeat Replace Reverse Right Round SHA SHA2
SafeDivide Second Sign Sin Sinh Space Split SplitPart Sqrt StartsWith StrPosition StrToDate
StrToTime StrToUnix Strtok StructExtract Substring SubstringIndex Tan Tanh Time TimeAdd TimeDiff
TimeFromParts TimeStrToDate TimeStrToTime TimeStrToUnix TimeSub TimeToStr TimeToUnix TimeTrunc
Timestamp TimestampAdd TimestampDiff TimestampFromParts TimestampSub TimestampTrunc ToBase64 ToChar
ToDays ToDouble ToNumber Translate Trim Trunc TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToDateStr
TsOrDsToTimestamp Typeof Unhex Unicode UnixDate UnixMicros UnixMillis UnixSeconds UnixToStr
UnixToTime Upper Week WeekOfYear WidthBucket Year YearOfWeek YearOfWeekIso
""".split()  # noqa: SIM905  a literal list is many times as long
_FOLDS: Final = """
AnyValue ApproxDistinct ApproxQuantile ArgMax ArgMin ArrayAgg Avg BitwiseAndAgg BitwiseOrAgg
BitwiseXorAgg Corr Count CountIf CovarPop CovarSamp GroupConcat Kurtosis LogicalAnd LogicalOr Max
Median Min Mode PercentileCont PercentileDisc Quantile Skewness Stddev StddevPop StddevSamp Sum
Variance VariancePop
""".split()  # noqa: SIM905  a literal list is many times as long
_WINDOWED: Final = """
CumeDist DenseRank First FirstValue Lag Last LastValue Lead NthValue Ntile PercentRank Rank
RowNumber
""".split()  # noqa: SIM905  a literal list is many times as long
_CLOCKS: Final = """
CurrentDate CurrentDatetime CurrentTime CurrentTimestamp
""".split()  # noqa: SIM905  a literal list is many times as long
# Functions whose value may differ between two calls, or which a query cannot show the meaning of.
_OPAQUE: Final = """
AIAgg AIClassify AIEmbed AIForecast AIGenerate AISimilarity AISummarizeAgg AnonymousAggFunc Columns
CombinedAggFunc CombinedParameterizedAgg Command ConnectByRoot Encrypt EncryptRaw FeaturesAtTime
GapFill GenerateBool GenerateDouble GenerateEmbedding GenerateInt GenerateTable GenerateText
Generator MLForecast MLTranslate NextValueFor Normal ParameterizedAgg Predict Rand Randn Randstr
Seq1 Seq2 Seq4 Seq8 Shuffle TableSample Uniform Uuid VectorSearch Zipf
""".split()  # noqa: SIM905  a literal list is many times as long


def _classes(*lists: list[str]) -> frozenset[type]:
    found = (getattr(exp, name, None) for names in lists for name in names)
    return frozenset(one for one in found if one is not None)


_OPERATORS: Final = frozenset(
    one
    for one in vars(exp).values()
    if isinstance(one, type) and issubclass(one, exp.Binary) and not issubclass(one, exp.Func)
)
_FOLD_CLASSES: Final = _classes(_FOLDS)
_ROWWISE: Final = _classes(_NODES, _FUNCTIONS, _FOLDS, _WINDOWED, _CLOCKS) | _OPERATORS
_OPAQUE_CLASSES: Final = _classes(_OPAQUE)


def is_opaque(node: exp.Expr) -> bool:
    """Whether nothing may be concluded of a query in which the function stands."""
    if type(node) is exp.Anonymous:
        return is_unknown_function(node) or is_volatile(node)
    return type(node) in _OPAQUE_CLASSES


def select_item(node: exp.Expr) -> tuple[bool, bool]:
    """(whether the item gives one value for each row or group, whether it folds rows into groups)."""
    folds = False
    pending = [node]
    while pending:
        one = pending.pop()
        kind = type(one)
        if kind is exp.Column:
            continue
        if kind is exp.Star:
            if not isinstance(one.parent, exp.Count):
                return False, True
            continue
        if kind not in _ROWWISE:
            return False, True
        if kind is exp.Window:
            function = one.this
            # The function itself folds nothing here, what stands in it does.
            while type(function) in (exp.IgnoreNulls, exp.RespectNulls, exp.Filter):
                pending.extend(c for c in function.iter_expressions() if c is not function.this)
                function = function.this
            if type(function) not in _ROWWISE:
                return False, True
            pending.extend(function.iter_expressions())
            pending.extend(c for c in one.iter_expressions() if c is not one.this)
            continue
        if kind in _FOLD_CLASSES or is_aggregate(one):
            folds = True
        pending.extend(one.iter_expressions())
    return True, folds
