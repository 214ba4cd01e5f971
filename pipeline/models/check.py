"""Asking every server of a teacher, before anything is paid, whether it lives, takes the key and serves the model."""

import openai

from pipeline.models.client import settings
from pipeline.models.endpoints import Endpoint, address, is_loopback
from pipeline.models.failures import broken_answer, failure_of
from pipeline.models.patience import Patience
from pipeline.models.providers import Api, Provider, provider_owning
from schemas.errors import TeacherError

_TIMEOUT_S = 20.0


def check(endpoint: Endpoint, model: str, *, structured: bool = False) -> Provider:
    """Asks every server once for its models and returns the provider they have in common.

    Raises: TeacherError where one is dead, refuses the key, does not serve the model, or cannot keep a structure.
    """
    providers = {one.name: one for one in (_check_one(index, endpoint, model) for index in range(len(endpoint.base_urls)))}
    where = ", ".join(map(address, endpoint.base_urls))
    if len(providers) > 1:
        raise TeacherError(f"The servers at {where} are of different kinds: {', '.join(sorted(providers))}. Name servers of one kind only.")
    (provider,) = providers.values()
    if structured and (not provider.grammar or endpoint.api is not Api.CHAT):
        raise TeacherError(
            f"Teacher model {model} at {where} cannot be held to a structure: only llama.cpp and vLLM servers take a grammar. "
            "Remove structure from the teacher or serve it with one of them."
        )
    return provider


def served_by(endpoint: Endpoint, index: int = 0, model: str = "") -> dict[str, str]:
    """The models that a server lists, with who owns each; `model` is the one that is asked for, for the error's sake.

    Raises: TeacherError where it is dead, refuses the key or lists none.
    """
    url, patience = endpoint.base_urls[index], Patience(timeout_s=_TIMEOUT_S)
    try:
        transport = openai.DefaultHttpxClient(trust_env=not is_loopback(url))
        with openai.OpenAI(http_client=transport, **settings(endpoint, index, patience)) as client:
            return {item.id: getattr(item, "owned_by", "") for item in client.models.list().data}
    except openai.APIError as error:
        raise failure_of(error, endpoint).error(url, model) from None
    except (TypeError, AttributeError, ValueError):
        raise broken_answer("no list of models", endpoint).error(url, model) from None


def _check_one(index: int, endpoint: Endpoint, model: str) -> Provider:
    told = endpoint.told(index)
    if told is not None and not told.lists:
        return told
    url, served = endpoint.base_urls[index], served_by(endpoint, index, model)
    if model not in served:
        raise TeacherError(
            f"Teacher model {model} is not served at {address(url)}, which has {', '.join(sorted(served)) or 'none'}. "
            "Name one of these in the manifest or serve the model."
        )
    return told or provider_owning(served[model])
