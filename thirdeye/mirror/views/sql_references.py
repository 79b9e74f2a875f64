"""Which tables a text of SQL names. The one module that knows sqlglot."""

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from thirdeye.mirror.views.sql_dialects import Path

_MOST_PARTS: Final = 3
# Functions that read a table which their arguments name as a text, or in a way that sqlglot does not take for a table.
# Names of functions are without case and underscores here.
_READING_FUNCTION: Final = re.compile(
    r"cluster(allreplicas)?|connectby|crosstab\w*|dblink\w*|dict(get|has|isin|ionary)\w*|externalquery|identifier"
    r"|joinget\w*|merge|opendatasource|openquery|openrowset|querytable|remote(secure)?|table(changes)?|tsstat"
    r"|(cursor|database|query|schema|table)toxml\w*|xpathtable"
)
# In FROM any other function may read a table, but for these: they make rows of what they are given.
_MAKING_ROWS: Final = re.compile(
    r"(pos|variant)?explode\w*|(exploding)?generate(array|datearray|random|series|subscripts|timestamparray)|generator"
    r"|jsonb?(arrayelements|each|objectkeys|pathquery|torecord)\w*|json(table|toarray|tree|tuple)|openjson|xmltable"
    r"|each|flatten|inline(outer)?|nodes|numbers(mt)?|range|sequence|skeys|stack|svals|unnest|values|view|zeros(mt)?"
    r"|odci(date|number|varchar2)list|parseurltuple|regexpmatches|split|(regexp|strtok)?splittotable|string(split|totable)"
    r"|xmlsequence"
)
# Schemas with functions of these names that are no others.
_KNOWN_SCHEMAS: Final = frozenset({"pg_catalog", "sys"})
# A statement, or a query of XML over tables, as a text.
_HIDDEN_QUERY: Final = re.compile(r"\bselect\b.*\bfrom\b|\bcollection\s*\(|\bora:view\b", re.IGNORECASE | re.DOTALL)
# What FROM and JOIN may have whose parts are looked at by themselves.
_SOURCES: Final = (
    exp.Table, exp.TableFromRows, exp.Lateral, exp.Query, exp.Unnest, exp.Values, exp.Stream, exp.Final, exp.Pivot,
    # What `|> AS name` makes of the query before it.
    exp.TableAlias,
)  # fmt: skip
# Statements that write a table.
_WRITING: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.TruncateTable, exp.Copy)
# What a template leaves to be filled in is lost, also where the text can be read without it.
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\$\{")

# Before the query of a view: what begins it, and words with which it reads something else than its query says.
_BEGINS_QUERY: Final = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})
_NOT_ITS_QUERY: Final = frozenset({"TO", "REPLICA", "RECURSIVE"})
# And after it, what checks or fills the view.
_AFTER_QUERY: Final = re.compile(
    r"\bwith\s+(((cascaded|local)\s+)?check\s+option(\s+constraint\s+\w+)?|read\s+only|(no\s+)?data)\s*;?\s*\Z",
    re.IGNORECASE,
)

# It warns of each statement that it cannot read.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


class UnreadableText(Exception):
    """A text that is no query, or that sqlglot cannot read."""


def paths_in(text: str, dialect: str) -> list[Path]:
    """The tables that the queries of a text name, each once; what is defined by WITH is none. Raises UnreadableText."""
    if _TEMPLATE.search(text):
        raise UnreadableText
    try:
        return _paths_in(text, dialect)
    except UnreadableText:
        query = _query_of_view(text, dialect)
        if query is None:
            raise
        return _paths_in(query, dialect)


def _query_of_view(text: str, dialect: str) -> str | None:
    """The query of a view whose options sqlglot does not know; None of what is no view, or reads more than its query."""
    try:
        tokens = sqlglot.tokenize(text, dialect=dialect)
    except (SqlglotError, ValueError, TypeError, IndexError):
        return None
    if not tokens or tokens[0].token_type is not TokenType.CREATE:
        return None
    depth, is_view = 0, False
    for token, following in pairwise(tokens):
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
        is_view |= token.token_type is TokenType.VIEW
        if depth == 0 and token.text.upper() in _NOT_ITS_QUERY:
            return None
        if depth == 0 and is_view and token.token_type is TokenType.ALIAS and following.token_type in _BEGINS_QUERY:
            return _AFTER_QUERY.sub("", text[following.start :])
    return None


def _paths_in(text: str, dialect: str) -> list[Path]:
    try:
        statements = [statement for statement in sqlglot.parse(text, dialect=dialect) if statement is not None]
        if not any(statement.find(exp.Query) for statement in statements):
            raise UnreadableText
        return list(dict.fromkeys(path for statement in statements for path in _paths(statement)))
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UnreadableText from error


def written_and_read(text: str, dialect: str) -> tuple[list[Path], list[Path]]:
    """The tables that the statements of a text write, and those that they name in any other way. Raises UnreadableText.

    What is not known to write reads: a table that is written and read, or of which RETURNING gives rows, is in both or among
    the latter alone.
    """
    if _TEMPLATE.search(text):
        raise UnreadableText
    try:
        written, read = dict[Path, None](), dict[Path, None]()
        for statement in sqlglot.parse(text, dialect=dialect):
            if statement is not None:
                targets = {id(target) for target in _targets(statement)}
                for node, path in _tables(statement):
                    (written if id(node) in targets else read)[path] = None
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UnreadableText from error
    return list(written), list(read)


def _targets(statement: exp.Expr) -> Iterator[exp.Expr]:
    """The tables that a statement does nothing with but write them."""
    if not isinstance(statement, _WRITING) or statement.find(exp.Returning) is not None:
        return
    is_other = (
        (isinstance(statement, exp.Create) and statement.args.get("kind") != "TABLE")
        # Of `DELETE a FROM orders AS a` it is an alias.
        or (isinstance(statement, exp.Delete) and bool(statement.args.get("tables")))
        # `COPY orders TO` reads.
        or (isinstance(statement, exp.Copy) and not statement.args.get("kind"))
    )
    if not is_other:
        named = statement.expressions if isinstance(statement, exp.TruncateTable) else [statement.this]
        yield from (each.this if isinstance(each, exp.Schema) else each for each in named)


def _paths(statement: exp.Expr) -> Iterator[Path]:
    return (path for table, path in _tables(statement) if not _is_created(table))


def _tables(statement: exp.Expr) -> Iterator[tuple[exp.Table, Path]]:
    """The tables that a statement names, with their names."""
    for node in statement.walk():
        if _hides_tables(node):
            raise UnreadableText
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier | exp.Dot):
            path = _path(node)
            if path[-1] and not (len(path) == 1 and _is_defined(node, node.this)):
                yield node, path


def _hides_tables(node: exp.Expr) -> bool:
    """Whether a part of a statement may read tables without naming them as such, or changes what names mean."""
    # What sqlglot does not know it keeps as a command; `TO` names where ClickHouse writes what a view reads.
    if isinstance(node, exp.Command | exp.Use | exp.ToTableProperty | exp.DynamicIdentifier):
        return True
    if isinstance(node, exp.In):
        return isinstance(node.args.get("field"), exp.Column)
    if isinstance(node, exp.Literal | exp.RawString | exp.National):
        return isinstance(node.parent, exp.Func | exp.Kwarg | exp.DPipe) and bool(_HIDDEN_QUERY.search(node.name))
    if isinstance(node, exp.Anonymous):
        return _reads_table(node)
    return not _is_clear_source(node)


def _is_clear_source(node: exp.Expr) -> bool:
    """Whether all tables that a source of rows reads can be seen; true of what is no source."""
    if isinstance(node, exp.Table):
        parts, alias = node.parts, node.args.get("alias")
        if all(isinstance(part, exp.Identifier) for part in parts):
            # `dictionary('orders')` is taken for a table with the names of its columns.
            return alias is None or alias.this is not None
        return _makes_rows(parts[-1], parts[:-1])
    if isinstance(node, exp.TableFromRows):
        return _makes_rows(node.this)
    if isinstance(node, exp.Lateral):
        # LATERAL VIEW has functions of a row only.
        return bool(node.args.get("view")) or _makes_rows(node.this)
    if isinstance(node, exp.From | exp.Join):
        if isinstance(node.this, exp.Values):
            return _has_only_rows(node.this)
        # `ARRAY JOIN` of ClickHouse is with columns.
        return isinstance(node.this, _SOURCES) or node.args.get("kind") == "ARRAY"
    return True


def _has_only_rows(values: exp.Values) -> bool:
    """Whether VALUES is what it seems: of ClickHouse's `values('a Int', 1), t` sqlglot takes the table for a row."""
    lengths = {len(row.expressions) for row in values.expressions}
    return len(lengths) == 1 and (values.args.get("alias") is not None or values.find(exp.Column) is None)


def _makes_rows(source: exp.Expr, schema: Sequence[exp.Expr] = ()) -> bool:
    """Whether a function in FROM makes rows of what it is given, or is one whose tables sqlglot finds."""
    while isinstance(source, exp.Dot):
        schema, source = [source.this], source.expression
    if isinstance(source, _SOURCES):
        return True
    if not isinstance(source, exp.Func | exp.SemanticView):
        return False
    if isinstance(source.this, exp.Table | exp.Subquery) or _wraps_rows(source):
        return True
    name = _function_name(source)
    # `x.nodes('/a')` is of a column.
    is_known = not schema or name == "nodes" or schema[-1].name.casefold() in _KNOWN_SCHEMAS
    return is_known and _MAKING_ROWS.fullmatch(name) is not None


def _reads_table(function: exp.Anonymous) -> bool:
    """Whether a function reads a table wherever it stands; MERGE of a hint is none."""
    is_one = _READING_FUNCTION.fullmatch(_function_name(function)) is not None
    return is_one and not _wraps_rows(function) and function.find_ancestor(exp.Hint) is None


def _wraps_rows(function: exp.Expr) -> bool:
    """Whether this is `TABLE(...)` around a function that makes rows."""
    arguments = function.expressions
    is_wrapper = isinstance(function, exp.Anonymous) and _function_name(function) == "table"
    return is_wrapper and len(arguments) == 1 and _makes_rows(arguments[0])


def _function_name(function: exp.Expr) -> str:
    name = function.name if isinstance(function, exp.Anonymous) else function.key
    return name.casefold().replace("_", "")


def _path(table: exp.Table) -> Path:
    names = tuple(part.name for part in table.parts)[-_MOST_PARTS:]
    return (names[0], "", names[-1]) if table.catalog and not table.db else names


def _is_created(table: exp.Table) -> bool:
    """Whether a table is what a CREATE statement creates."""
    parent = table.parent
    if isinstance(parent, exp.Schema):
        return isinstance(parent.parent, exp.Create)
    return isinstance(parent, exp.Create) and table.arg_key == "this"


def _is_defined(table: exp.Table, name: exp.Expr) -> bool:
    """Whether a name is one that a WITH around it defines: a definition sees those before it, itself if it is recursive."""
    inner: exp.Expr = table
    definition: exp.Expr | None = None
    while (node := inner.parent) is not None:
        if isinstance(node, exp.CTE):
            definition = node
        elif isinstance(node, exp.With):
            if _is_among(name, _visible(node, definition)):
                return True
            # The query around it has the same WITH.
            inner, definition = node.parent or node, None
            continue
        elif (definitions := node.args.get("with_")) is not None and _is_among(name, _visible(definitions, None)):
            return True
        inner = node
    return False


def _is_among(name: exp.Expr, defined: Iterator[exp.Expr]) -> bool:
    """Whether one of these names is the same: with its case where either is quoted."""
    return any(
        each.name == name.name
        or (each.name.casefold() == name.name.casefold() and not (each.args.get("quoted") or name.args.get("quoted")))
        for each in defined
    )


def _visible(definitions: exp.With, inside: exp.Expr | None) -> Iterator[exp.Expr]:
    for definition in definitions.expressions:
        if definition is inside and not definitions.recursive:
            return
        yield definition.args["alias"].this
        if definition is inside:
            return
