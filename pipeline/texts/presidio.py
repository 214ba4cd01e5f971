"""Presidio, where it is installed: its recognisers beside our rules, with the names that a spaCy pipeline finds."""

import importlib
import logging
from collections.abc import Callable
from functools import cache
from importlib import metadata
from typing import Any

from pipeline.texts.identifiers import Identifier, Kind, find_identifiers
from schemas.errors import ManifestError

# In place of a spaCy pipeline: recognisers by pattern alone, which need no model.
PATTERNS = "patterns"
LEAST_SCORE = 0.5
# What Presidio calls what it finds; DATE_TIME ("for 3 days") and NRP (nationality, religion) identify nobody by themselves.
_KINDS = {
    "PERSON": Kind.NAME,
    "LOCATION": Kind.PLACE,
    "PHONE_NUMBER": Kind.PHONE,
    "EMAIL_ADDRESS": Kind.EMAIL,
    "US_SSN": Kind.SSN,
    "UK_NHS": Kind.MRN,
    "MEDICAL_LICENSE": Kind.LICENCE,
    "US_DRIVER_LICENSE": Kind.LICENCE,
    "US_PASSPORT": Kind.LICENCE,
    "CREDIT_CARD": Kind.ACCOUNT,
    "IBAN_CODE": Kind.ACCOUNT,
    "US_BANK_NUMBER": Kind.ACCOUNT,
    "CRYPTO": Kind.ACCOUNT,
    "US_ITIN": Kind.OTHER,
    "IP_ADDRESS": Kind.IP,
    "URL": Kind.URL,
}


def version_of(model: str) -> str:
    """Presidio and what it reads with, in their versions: what decides its findings.

    Raises: ManifestError where one of them is not installed.
    """
    try:
        found = f"presidio-analyzer {metadata.version('presidio-analyzer')}, spacy {metadata.version('spacy')}"
        return f"{found}, {PATTERNS}" if model == PATTERNS else f"{found}, {model} {metadata.version(model)}"
    except metadata.PackageNotFoundError as error:
        raise ManifestError(
            f"privacy.presidio: {error.name} is not installed. Install presidio-analyzer (the extra `presidio`) and the spaCy pipeline "
            f'that is named, say "{PATTERNS}" to look for patterns alone, or take the key out.'
        ) from error


def finder(model: str) -> Callable[[str], list[Identifier]]:
    """What finds identifiers in a text: our rules, and Presidio where a pipeline is named; what both find is ours.

    Raises: ManifestError where it is not installed.
    """
    if not model:
        return find_identifiers
    analyse = _analyser(model)

    def found(text: str) -> list[Identifier]:
        ours = find_identifiers(text)
        theirs = [Identifier(_KINDS[one.entity_type], one.start, one.end) for one in analyse(text) if one.entity_type in _KINDS]
        kept = list(ours)
        for one in sorted(theirs, key=lambda one: (one.start, -one.stop)):
            if all(one.stop <= other.start or other.stop <= one.start for other in kept):
                kept.append(one)
        return sorted(kept, key=lambda one: one.start)

    return found


@cache
def _analyser(model: str) -> Callable[[str], list[Any]]:
    version_of(model)
    presidio, engines, spacy = (importlib.import_module(name) for name in ("presidio_analyzer", "presidio_analyzer.nlp_engine", "spacy"))
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    # Recognisers of e-mails and hosts ask a list of domains that its package holds; it would first look for a newer one.
    logging.getLogger("tldextract").setLevel(logging.CRITICAL)
    engine = engines.SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    engine.nlp = {"en": spacy.blank("en") if model == PATTERNS else spacy.load(model)}
    analyser = presidio.AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])
    return lambda text: analyser.analyze(text, "en", entities=sorted(_supported(analyser)), score_threshold=LEAST_SCORE)


def _supported(analyser: Any) -> set[str]:
    return set(analyser.get_supported_entities("en")) & set(_KINDS)
