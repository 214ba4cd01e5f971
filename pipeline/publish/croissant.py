"""croissant.json: the corpus in MLCommons' Croissant 1.1, with the fields of its RAI vocabulary; every value comes from the lock."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipeline.publish.card import common_license, limitations
from pipeline.publish.layout import data_files
from pipeline.publish.privacy import letters_said
from pipeline.publish.told_traces import traces_of
from schemas.contract import Column
from schemas.corpus import CONFIGS
from schemas.manifest import Manifest
from schemas.manifest_parts import day_of

CROISSANT = "croissant.json"
_PARQUET = "application/x-parquet"
_SPDX = "https://spdx.org/licenses/"
_INSIDE = ("content", "bytes", "ground_truth", "question_id")
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "arrayShape": "cr:arrayShape",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

Lock = Mapping[str, Any]
Node = dict[str, Any]


def render_croissant(lock: Lock, manifest: Manifest) -> str:
    """croissant.json of a corpus: its shards with their sha256, its columns, its sources and what it is fit for."""
    sources = [one for one in lock["datasets"] if one["role"] == "source"]
    titles = ", ".join(one["title"] or one["name"] for one in sources)
    licence = common_license(lock)
    told: Node = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": lock["name"],
        "description": f"Medical questions with verified reasoning traces, made by medtrace {lock['medtrace']} from {titles or 'no source'}.",
        "version": _version(lock["version"]),
        **({"datePublished": day} if (day := manifest.publish.date or day_of(lock["version"])) else {}),
        "license": sorted({_license_url(one["license"]) for one in sources})
        if licence == "other"
        else [_license_url(sources[0]["license"])],
        "creator": {"@type": "Organization", "name": f"medtrace {lock['medtrace']}"},
        "isLiveDataset": False,
        "keywords": ["medical", "reasoning"],
        "isBasedOn": [one["homepage"] or one["name"] for one in sources],
        **({"citeAs": cited} if (cited := "\n\n".join(one["citation"] for one in sources if one["citation"].strip())) else {}),
        **_responsible(lock, manifest),
        "distribution": [*_files(lock), *_sets(lock)],
        "recordSet": [_records(config, splits) for config, splits in lock["counts"].items()],
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _version(version: str) -> str:
    """The version with three numbers, as Croissant asks for it, where it is made of numbers."""
    parts = version.split(".")
    return ".".join([*(str(int(part)) for part in parts), "0", "0"][:3]) if all(part.isdigit() for part in parts) else version


def _license_url(licence: str) -> str:
    return f"{_SPDX}{licence}.html" if licence and " " not in licence and not licence.startswith("LicenseRef-") else licence or "not stated"


def _responsible(lock: Lock, manifest: Manifest) -> Node:
    """What of the RAI vocabulary is known."""
    teachers = [f"{one.name} ({one.model}, prompt {one.prompt}, temperature {one.temperature:g})" for one in manifest.teachers]
    kept = sum(traces_of(lock, "kept", "teacher").values())
    judged = f"Answers were compared with the gold by the rules of {lock['verifier']} under the policy {lock['policy']}; {kept:,} traces are kept."
    heldout = "The same rows are left out whoever builds it: duplicates, rows of the named benchmarks, contradicting golds, broken images."
    scan = {
        "off": "Texts were not scanned for identifiers of persons.",
        "report": "Texts were scanned for identifiers of persons; what was found is counted on the card and was left in.",
        "mask": "Texts were scanned for identifiers of persons, which were masked.",
        "drop": "Texts were scanned for identifiers of persons; rows that hold any were left out.",
    }
    return {
        "rai:dataCollection": "Compiled from published datasets, each row with its source, upstream row and licence; no person was asked anew.",
        "rai:dataCollectionType": ["Secondary Data Analysis"],
        "rai:dataCollectionRawData": "; ".join(_raw(one) for one in lock["datasets"] if one["role"] == "source"),
        "rai:dataPreprocessingProtocol": [
            heldout,
            f"Images lose their metadata and keep their compressed pixels.{letters_said(lock, manifest)}",
        ],
        "rai:dataAnnotationProtocol": judged if manifest.teachers else "The golds of the sources are the completions; no model was asked.",
        "rai:machineAnnotationTools": [*teachers, lock["verifier"], *([manifest.judge.model.model] if manifest.judge.model else [])],
        "rai:dataLimitations": limitations(lock, manifest),
        "rai:dataBiases": "Those of its sources (exam questions and open image collections), and of what its teachers answer right.",
        "rai:dataUseCases": "Training and studying models that reason about medical questions. Not for clinical use.",
        "rai:dataSocialImpact": "A right answer may be reasoned wrongly; a model trained on it must not be taken for medical advice.",
        "rai:personalSensitiveInformation": [scan[manifest.privacy.identifiers], "Medical content of de-identified or invented cases."],
        "rai:dataReleaseMaintenancePlan": "Rows are taken back by a new version without them; lock.json says what each version was made of.",
    }


def _raw(one: Mapping[str, Any]) -> str:
    revision = f", revision {one['revision']}" if one["revision"] else ""
    return f"{one['title'] or one['name']} ({one['license'] or 'licence not stated'}{revision})"


def _files(lock: Lock) -> list[Node]:
    """Each shard, with its sha256."""
    return [
        {
            "@type": "cr:FileObject",
            "@id": one["path"],
            "name": one["path"],
            "contentUrl": one["path"],
            "contentSize": f"{one['size']} B",
            "encodingFormat": _PARQUET,
            "sha256": one["sha256"],
        }
        for one in lock["shards"]
    ]


def _sets(lock: Lock) -> list[Node]:
    """The shards of each config and split, by pattern."""
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{config}-{split}",
            "name": f"{config}-{split}",
            "encodingFormat": _PARQUET,
            "includes": data_files(config, split),
        }
        for config, splits in lock["counts"].items()
        for split in splits
    ]


def _records(config: str, splits: Mapping[str, Any]) -> Node:
    """A config's columns, as they lie in its first split."""
    files = f"{config}-{next(iter(splits))}"
    counted = ", ".join(f"{split} {held['rows']:,}" for split, held in splits.items())
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"Rows by split: {counted}.",
        "key": {"@id": f"{config}/id"},
        "field": [_field(config, files, column) for column in CONFIGS[config].columns],
    }


def _field(config: str, files: str, column: Column) -> Node:
    """A column; of messages the contents, of images the bytes, of other structures the value that stands for them."""
    depth, kind = 0, column.type
    while pa.types.is_list(kind):
        depth, kind = depth + 1, kind.value_type
    source: Node = {"fileSet": {"@id": files}, "extract": {"column": str(column)}}
    if pa.types.is_struct(kind):
        source["transform"] = {"jsonPath": next(name for name in _INSIDE if kind.get_field_index(name) >= 0)}
    return {
        "@type": "cr:Field",
        "@id": f"{config}/{column}",
        "name": f"{config}/{column}",
        "description": column.doc,
        "dataType": _data_type(kind),
        "source": source,
        **({"isArray": True, "arrayShape": ",".join(["-1"] * depth)} if depth else {}),
    }


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
