/*
 * What each kind of value becomes on the other side. test/calls/value-table.test.ts calls a host with each of these, and `write.ts` puts them
 * into docs/values.md as tables: what the page says is what was tested.
 */

export interface FromPython {
  readonly group: "Python" | "numpy" | "pandas, polars and Arrow";
  /** An expression; the names in it are those of the test's module. */
  readonly code: string;
  /** What arrives, as the test shows it. */
  readonly arrives: string;
  /** What Python has when that is sent back, as the test shows it. */
  readonly back: string;
}

const python: readonly (readonly [code: string, arrives: string, back: string])[] = [
  ["None", "null", "None"],
  ["True", "true", "True"],
  ['"é\\ud800"', "'é\\ud800'", "'é\\ud800'"],
  ["7", "7", "7"],
  ["2 ** 60", "1152921504606846976n", "1152921504606846976"],
  ["1.5", "1.5", "1.5"],
  ["1.0", "1", "1"],
  ['[float("nan"), float("-inf"), -0.0]', "[ NaN, -Infinity, -0 ]", "[nan, -inf, -0.0]"],
  ['b"\\x01\\xff"', "Uint8Array(2) [ 1, 255 ]", "b'\\x01\\xff'"],
  ["bytearray(1)", "Uint8Array(1) [ 0 ]", "b'\\x00'"],
  ["(1, [2])", "[ 1, [ 2 ] ]", "[1, [2]]"],
  ['{"a": 1}', "{ a: 1 }", "{'a': 1}"],
  ["{1: 2, (3,): 4}", "Map(2) { 1 => 2, [ 3 ] => 4 }", "{1: 2, (3,): 4}"],
  ["{1}", "Set(1) { 1 }", "{1}"],
  [
    "datetime(2026, 11, 30, 8, tzinfo=utc)",
    "2026-11-30T08:00:00.000Z",
    "datetime.datetime(2026, 11, 30, 8, 0, tzinfo=datetime.timezone.utc)",
  ],
  ["date(2026, 11, 30)", "'2026-11-30'", "'2026-11-30'"],
  ['Decimal("1.50")', "'1.50'", "'1.50'"],
  ["UUID(int=1)", "'00000000-0000-0000-0000-000000000001'", "'00000000-0000-0000-0000-000000000001'"],
  ['PurePosixPath("/a")', "'/a'", "'/a'"],
  ["Colour.RED", "'red'", "'red'"],
  ["Point(1, 2)", "{ x: 1, y: 2 }", "{'x': 1, 'y': 2}"],
  ['re.compile("a+", re.I)', "/a+/i", "re.compile('a+', re.IGNORECASE)"],
  [
    'urlparse("https://example.org/a")',
    "https://example.org/a",
    "ParseResult(scheme='https', netloc='example.org', path='/a', params='', query='', fragment='')",
  ],
  ['ValueError("no")', "ValueError: no", "an Error, as a dict of what is known of it"],
  ['array("h", [1, -2])', "Int16Array(2) [ 1, -2 ]", "array int16, shape (2,)"],
];

const numpy: typeof python = [
  ["np.float32(0.5)", "0.5", "0.5"],
  ["np.int64(2 ** 60)", "1152921504606846976n", "1152921504606846976"],
  ["np.arange(6.0).reshape(2, 3)", "NdArray of float64, shape [ 2, 3 ]", "array float64, shape (2, 3)"],
  ["np.array([1, 2])", "NdArray of int64, shape [ 2 ]", "array int64, shape (2,)"],
  ["np.array([True])", "NdArray of bool, shape [ 1 ]", "array bool, shape (1,)"],
  ["np.array([1j])", "NdArray of complex128, shape [ 1 ]", "array complex128, shape (1,)"],
  ['np.array(["2026-11-30", "NaT"], "M8[ns]")', "NdArray of datetime64[ns], shape [ 2 ]", "array datetime64[ns], shape (2,)"],
  ['np.array([5], "m8[h]")', "NdArray of timedelta64[h], shape [ 1 ]", "array timedelta64[h], shape (1,)"],
  ['np.datetime64("2026-11-30T08:00")', "2026-11-30T08:00:00.000Z", "datetime.datetime(2026, 11, 30, 8, 0, tzinfo=datetime.timezone.utc)"],
  ['np.datetime64("NaT")', "null", "None"],
  ['np.array([["a", "é"]])', "[ [ 'a', 'é' ] ]", "[['a', 'é']]"],
  ['np.array([1, None, "x"], object)', "[ 1, null, 'x' ]", "[1, None, 'x']"],
  ['np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")])', "Table(1 rows; a: int32, b: float64)", "DataFrame, a: int32, b: float64"],
];

const tables: typeof python = [
  ['pd.DataFrame({"a": [1, 2], "b": ["x", None]})', "Table(2 rows; a: int64, b: string)", "DataFrame, a: int64, b: str"],
  [
    'pd.DataFrame({"a": [0.5]}, index=pd.Index([7], name="id"))',
    "Table(1 rows; a: float64; index id: int64)",
    "DataFrame, a: float64, index id: int64",
  ],
  ["pd.DataFrame(np.zeros((1, 2)))", "Table(1 rows; 0: float64, 1: float64)", "DataFrame, 0: float64, 1: float64"],
  ['pd.Series([1, None], dtype="Int64", name="n")', "Table(2 rows; n: int64)", "Series, n: Int64"],
  ['pd.Index(["a", "b"])', "Table(2 rows; 0: string)", "Index of str"],
  ['pd.Series([True, None], dtype="boolean")', "Table(2 rows; 0: bool)", "Series, None: boolean"],
  ['pd.Series(pd.Categorical(["a"]))', "Table(1 rows; 0: category)", "Series, None: category"],
  ['pd.Series(pd.to_datetime(["2026-11-30"], utc=True))', "Table(1 rows; 0: datetime64[us])", "Series, None: datetime64[us, UTC]"],
  ['pd.Series(pd.to_timedelta([1], "s"))', "Table(1 rows; 0: timedelta64[us])", "Series, None: timedelta64[us]"],
  ['pd.Series([Decimal("1.50"), None])', "Table(2 rows; 0: decimal)", "Series, None: object"],
  ["pd.Series([date(2026, 11, 30)])", "Table(1 rows; 0: date)", "Series, None: object"],
  ["pd.Series([[1], [2, 3]])", "Table(2 rows; 0: object)", "Series, None: object"],
  ["pd.Series([np.zeros(2), None])", "Table(2 rows; 0: list)", "Series, None: object"],
  ["[pd.NA, pd.NaT]", "[ null, null ]", "[None, None]"],
  ['pl.DataFrame({"a": [1, None], "l": [[1], []]})', "Table(2 rows; a: int64, l: list)", "DataFrame, a: Int64, l: List(Int64)"],
  ['pa.table({"a": [1.5, None]})', "Table(2 rows; a: float64)", "Table, a: double"],
];

export const fromPython: readonly FromPython[] = (
  [
    ["Python", python],
    ["numpy", numpy],
    ["pandas, polars and Arrow", tables],
  ] as const
).flatMap(([group, cases]) => cases.map(([code, arrives, back]): FromPython => ({ group, code, arrives, back })));

/** What cannot travel, and what the error says to do. */
export const refusedFromPython: readonly { readonly code: string; readonly hint: string }[] = [
  { code: "datetime(2026, 11, 30)", hint: "give it one, or name a zone with the call's naiveTimeZone" },
  { code: "timedelta(1)", hint: 'send its total_seconds(), or keep it on the host with returns: "object"' },
  {
    code: "1j",
    hint: 'send plain data: numbers, strings, bytes, lists, dicts, dates, arrays, data frames, or keep it on the host with returns: "object"',
  },
  {
    code: "[(n for n in [1])]",
    hint: 'send a list of what it yields, or read the result with items(), or keep it on the host with returns: "object"',
  },
  { code: "{-0.0}", hint: "send a list" },
  { code: 'np.zeros(1, "longdouble")', hint: 'convert it, for example with .astype("float64")' },
  { code: "np.ma.masked_array([1], [True])", hint: "send .filled() and .mask" },
  { code: 'pd.Series(pd.period_range("2026", periods=1))', hint: "convert it with .dt.to_timestamp() or .astype(str)" },
  {
    code: 'pd.DataFrame([[1, 2]], columns=["a", "a"])',
    hint: "name the columns first, for example df.columns = [str(name) for name in df.columns]",
  },
  { code: 'pl.LazyFrame({"a": [1]})', hint: "call its collect() first" },
];

/** An expression of JavaScript, and what Python has then. */
export const fromJavaScript: readonly (readonly [code: string, arrives: string])[] = [
  ["null", "None"],
  ["undefined", "None"],
  ["[true, 'é']", "[True, 'é']"],
  ["[1, 1.5, 2 ** 60, 1e21]", "[1, 1.5, 1152921504606846976, 1e+21]"],
  ["[1n, 2n ** 70n]", "[1, 1180591620717411303424]"],
  ["[float(1), int(1e21)]", "[1.0, 1000000000000000000000]"],
  ["[NaN, -0]", "[nan, -0.0]"],
  ["Uint8Array.of(1, 255)", "b'\\x01\\xff'"],
  ["{ a: [1, { b: null }] }", "{'a': [1, {'b': None}]}"],
  ["new Map([[1, 'x']])", "{1: 'x'}"],
  ["new Set([1])", "{1}"],
  ["new Date(0)", "datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"],
  ["/a+/i", "re.compile('a+', re.IGNORECASE)"],
  ["new URL('https://example.org/')", "ParseResult(scheme='https', netloc='example.org', path='/', params='', query='', fragment='')"],
  ["new Error('no')", "an Error, as a dict of what is known of it"],
  ["new Float64Array([0.5])", "array float64, shape (1,)"],
  ["new BigInt64Array([1n])", "array int64, shape (1,)"],
  ["new NdArray(new Int8Array(4), [2, 2])", "array int8, shape (2, 2)"],
  ["new NdArray(new BigInt64Array(1), [1], { dtype: 'datetime64[ns]' })", "array datetime64[ns], shape (1,)"],
  ["new Table({ n: [1, null], f: [0.5, null], s: ['x', null] })", "DataFrame, n: Int64, f: float64, s: str"],
  [
    "new Table({ at: [new Date(0)], ok: [true], b: [Uint8Array.of(1)], l: [[1, 2]] })",
    "DataFrame, at: datetime64[ms, UTC], ok: bool, b: object, l: object",
  ],
  ["new Table({ c: new Column(['a'], { type: 'category' }) })", "DataFrame, c: category"],
  ["new Table({ d: new Column(['1.50'], { type: 'decimal' }) })", "DataFrame, d: object"],
  ["new Table({ a: [1] }, { library: 'polars' })", "DataFrame, a: Int64"],
  ["new Table({ a: [1] }, { library: 'pyarrow' })", "Table, a: int64"],
];
