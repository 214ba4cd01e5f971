"""Contracts: the Arrow schemas in which stages meet, each column defined once."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import pyarrow as pa

from schemas.errors import SchemaError
from schemas.features import ENCODED_IMAGES, IMAGES


class Column(str):
    """A column's name, with its Arrow type and one line of meaning."""

    type: pa.DataType
    doc: str
    nullable: bool

    def __new__(cls, name: str, kind: pa.DataType, doc: str, *, nullable: bool = False) -> Self:
        column = super().__new__(cls, name)
        column.type = kind
        column.doc = doc
        column.nullable = nullable
        return column

    def __reduce__(self) -> Any:
        return str, (str(self),)

    def field(self) -> pa.Field:
        """The Arrow field, its meaning in the field metadata."""
        return pa.field(str(self), self.type, self.nullable, {"doc": self.doc})


class Contract:
    """A table's columns in order; subclass it with one `Column` an attribute."""

    columns: ClassVar[tuple[Column, ...]] = ()
    schema: ClassVar[pa.Schema] = pa.schema([])

    def __init_subclass__(cls) -> None:
        own = tuple(value for value in vars(cls).values() if isinstance(value, Column))
        cls.columns = tuple(dict.fromkeys(cls.columns + own))
        cls.schema = pa.schema([column.field() for column in cls.columns])

    @classmethod
    def signature(cls) -> str:
        """A hash of names, types and nullability; meanings may be reworded freely."""
        text = "\n".join(f"{column} {column.type} {column.nullable}" for column in cls.columns)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def conform(cls, table: pa.Table, where: str = "") -> pa.Table:
        """The table with this contract's columns, order and types; images that a dictionary holds once stay so.

        Raises: SchemaError naming every offending column at once.
        """
        faults: list[str] = []
        arrays: list[pa.ChunkedArray] = []
        given = table.column_names
        for column in cls.columns:
            times = given.count(column)
            if times != 1:
                faults.append(f"{column} is there {times} times" if times else f"{column} is missing")
                continue
            array = _cast(table[column], column.type)
            if array is None:
                faults.append(f"{column} is {table[column].type}, not {column.type}")
                continue
            if not column.nullable and array.null_count:
                faults.append(f"{column} has {array.null_count} nulls")
            arrays.append(array)
        extra = [name for name in given if name not in cls.columns]
        faults += [f"{name} is not in the contract" for name in extra]
        if faults:
            at = f" of {where}" if where else ""
            raise SchemaError(f"The table{at} is no {cls.__name__} table: {'; '.join(faults)}.")
        return pa.Table.from_arrays(arrays, schema=_held(cls.schema, arrays))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[Any, Any]]) -> pa.Table:
        """A table of the rows, each a mapping of column to Python value.

        Raises: SchemaError naming the column whose value has the wrong type.
        """
        rows = list(rows)
        return cls.from_columns([[row.get(column) for row in rows] for column in cls.columns])

    @classmethod
    def from_columns(cls, columns: Sequence[Sequence[Any]]) -> pa.Table:
        """A table of the columns' Python values, in the contract's order.

        Raises: SchemaError as `from_rows` does.
        """
        arrays = []
        for column, values in zip(cls.columns, columns, strict=True):
            try:
                arrays.append(pa.array(values, column.type))
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError) as error:
                raise SchemaError(f"{cls.__name__}.{column} takes {column.type}: {error}") from error
        return cls.conform(pa.Table.from_arrays(arrays, names=list(cls.columns)))

    @classmethod
    def empty(cls) -> pa.Table:
        """A table of no rows."""
        return cls.schema.empty_table()


def _held(schema: pa.Schema, arrays: Iterable[pa.ChunkedArray]) -> pa.Schema:
    """The schema with the types that the arrays have."""
    return pa.schema([field.with_type(array.type) for field, array in zip(schema, arrays, strict=True)], schema.metadata)


def _cast(array: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """The array in that type, none where a value does not fit."""
    if array.type == kind or (kind == IMAGES and array.type == ENCODED_IMAGES):
        return array
    if not _same_fields(array.type, kind):
        return None
    try:
        return array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return None


def _same_fields(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether no struct inside has other fields: a cast would fill those that are missing with nulls."""
    if pa.types.is_struct(wanted):
        if not pa.types.is_struct(given) or [field.name for field in given] != [field.name for field in wanted]:
            return False
        return all(_same_fields(given.field(place).type, wanted.field(place).type) for place in range(wanted.num_fields))
    if pa.types.is_list(wanted) and (pa.types.is_list(given) or pa.types.is_large_list(given)):
        return _same_fields(given.value_type, wanted.value_type)
    return True
