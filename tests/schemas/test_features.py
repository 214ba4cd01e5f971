import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.corpus import CONFIGS, IMAGES, MESSAGES, Rejected, Rl, Sft
from schemas.features import huggingface_metadata, publishable
from tests.fixtures.corpora import png, posed, published_table, question


def told(schema: pa.Schema):
    return json.loads(huggingface_metadata(schema)[b"huggingface"])["info"]["features"]


def test_lists_are_told_in_the_form_older_readers_know():
    features = told(pa.schema([("prompt", MESSAGES), ("images", IMAGES), ("tags", pa.list_(pa.string())), ("rate", pa.float64())]))
    text = {"dtype": "string", "_type": "Value"}
    assert features["prompt"] == [{"role": text, "content": text}]
    assert features["images"] == {"feature": {"_type": "Image"}, "_type": "Sequence"}
    assert features["tags"] == {"feature": text, "_type": "Sequence"}
    assert features["rate"] == {"dtype": "float64", "_type": "Value"}
    assert b'"List"' not in huggingface_metadata(Sft.schema)[b"huggingface"]


def test_the_schema_keeps_its_own_metadata_and_meanings():
    schema = publishable(Rejected.schema.with_metadata({"other": "kept"}))
    assert schema.metadata[b"other"] == b"kept"
    assert schema.field("verdict").metadata[b"doc"] == b"What the verifier says"
    assert all(field.nullable for field in schema)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_library_reads_every_contract_without_losing_a_feature(config: str):
    datasets = pytest.importorskip("datasets")
    schema = publishable(CONFIGS[config].schema)
    features = datasets.Features.from_arrow_schema(schema)
    assert features.arrow_schema.names == schema.names
    assert features.arrow_schema.types == schema.types
    if "images" in schema.names:
        assert features["images"] == datasets.List(datasets.Image())


def test_images_come_back_as_pictures(tmp_path: Path):
    datasets = pytest.importorskip("datasets")
    image = pytest.importorskip("PIL.Image")
    rows = [posed(question("q1", images=[png(7), png(9)])), posed(question("q2"))]
    pq.write_table(published_table(Rl, rows), tmp_path / "rl.parquet")
    loaded = datasets.Dataset.from_parquet(str(tmp_path / "rl.parquet"), cache_dir=str(tmp_path / "cache"))
    assert [picture.size for picture in loaded[0]["images"]] == [(8, 6), (8, 6)]
    assert loaded[0]["images"][0].tobytes() == image.open(io.BytesIO(png(7))).tobytes()
    assert loaded[1]["images"] == []
    assert loaded[0]["prompt"][0]["role"] == "user"
    assert loaded[0]["extra_info"]["question_id"] == "q1"
