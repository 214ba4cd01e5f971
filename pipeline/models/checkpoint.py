"""A model's weights as files: what they are called in keys and rows, whatever folder they lie in."""

import hashlib
import json
from pathlib import Path

from schemas.errors import TeacherError

_PARTS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
_TRAINING = ("trainer_state.json", "training_args.json")
_CHUNK = 1 << 22


def is_checkpoint(text: str) -> bool:
    """Whether a word of the command line names a folder with a model's configuration."""
    return (Path(text) / "config.json").is_file()


def digest_checkpoint(folder: Path) -> str:
    """A hash of configuration, tokenizer and weights (16 hex digits): other weights are another model, another folder is not.

    Raises: TeacherError where the folder holds no safetensors or cannot be read.
    """
    try:
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
        files = sorted({file for part in _PARTS for file in folder.glob(part) if file.name not in _TRAINING})
        if not any(file.suffix == ".safetensors" for file in files):
            raise TeacherError(f"{folder} holds no weights as safetensors. Name the folder that save_pretrained wrote.")
        found = hashlib.sha256()
        for file in files:
            found.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as opened:
                while chunk := opened.read(_CHUNK):
                    found.update(chunk)
    except (OSError, ValueError) as error:
        raise TeacherError(f"{folder} cannot be read as a model: {error}. Name the folder that save_pretrained wrote.") from error
    return found.hexdigest()[:16]
