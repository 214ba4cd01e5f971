"""The marker that trainers take for a picture's place, and texts without it."""

MARKER = "<image>"


def unmarked(text: str) -> str:
    """The text without `<image>`, also where taking one out makes another."""
    if MARKER not in text:
        return text
    while MARKER in text:
        text = text.replace(MARKER, "")
    return text.strip()
