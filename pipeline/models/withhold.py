"""What is withheld: texts that hold identifiers of persons are sent to no server but this machine's own."""

from collections import Counter
from collections.abc import Iterable

from pipeline.models.endpoints import Endpoint
from pipeline.models.generate import Request
from schemas.errors import TeacherError

NEXT = 'Set [privacy] identifiers = "mask" or "drop", or may_send = true in the source where its terms permit that.'


def refuse_withheld(teacher: str, endpoint: Endpoint, requests: Iterable[Request]) -> None:
    """Raises: TeacherError where one of the requests may not leave this machine and the endpoint is elsewhere."""
    if not endpoint.remote:
        return
    held = [request for request in requests if request.withheld]
    if held:
        kinds = Counter(kind for request in held for kind in request.withheld)
        told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))
        raise TeacherError(f"Teacher {teacher} is remote, and {len(held):,} of its questions hold identifiers of persons ({told}). {NEXT}")
