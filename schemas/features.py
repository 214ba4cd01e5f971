"""What the `datasets` library must be told of a schema, so that images come back as pictures."""

import json
from typing import Any

import pyarrow as pa

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
IMAGES = pa.list_(IMAGE)
# The same in memory, the bytes of an image that many rows share held once.
ENCODED_IMAGE = pa.struct([("bytes", pa.dictionary(pa.int32(), pa.binary())), ("path", pa.string())])
ENCODED_IMAGES = pa.list_(ENCODED_IMAGE)


def huggingface_metadata(schema: pa.Schema) -> dict[bytes, bytes]:
    """The schema metadata under the key `huggingface`: every column's feature, in order.

    Lists are told in the older forms (a JSON list, or `Sequence`), which releases before 4 and 5.2 both read;
    "List" is unknown before 4 (https://github.com/huggingface/datasets/issues/7676).
    """
    told = {"info": {"features": {field.name: _feature(field.type) for field in schema}}}
    return {b"huggingface": json.dumps(told, separators=(",", ":")).encode()}


def publishable(schema: pa.Schema) -> pa.Schema:
    """The schema as it is published: with that metadata, and every column nullable.

    `datasets` compares each column with its feature's Arrow field, which is always nullable; where they differ
    it drops the feature without a word, and images stay plain bytes.
    """
    fields = [field.with_nullable(True) for field in schema]
    return pa.schema(fields, {**(schema.metadata or {}), **huggingface_metadata(schema)})


def _feature(kind: pa.DataType) -> Any:
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_list(kind):
        inner = _feature(kind.value_type)
        return {"feature": inner, "_type": "Sequence"} if "_type" in inner else [inner]
    if pa.types.is_struct(kind):
        return {kind.field(place).name: _feature(kind.field(place).type) for place in range(kind.num_fields)}
    return {"dtype": _dtype(kind), "_type": "Value"}


def _dtype(kind: pa.DataType) -> str:
    """The name that `datasets` has for a plain type."""
    names = {"double": "float64", "float": "float32", "halffloat": "float16"}
    return names.get(str(kind), str(kind))
