"""The reward function for verl.

    reward.custom_reward_function.path=verl_reward.py
    reward.custom_reward_function.name=compute_score

where the file has one line, `from morlaif.shims.verl import compute_score`. Where the services are and
which principles count comes from the environment (`RewardService.from_environment`).

verl hands over the answer only, so the prompt must be in `extra_info`, under "prompt" or the key that
`reward.custom_reward_function.reward_kwargs` names as `prompt_key`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from morlaif.shims import text
from morlaif.shims.rewards import Rewards, RewardService


@functools.cache
def service() -> RewardService:
    """Where rewards come from."""
    return RewardService.from_environment()


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any = None,
    extra_info: Mapping[str, Any] | None = None,
    *,
    prompt_key: str = "prompt",
    **options: Any,
) -> dict[str, float]:
    """The reward of one answer as `score`, and the score of each principle under its name.

    The names serve `algorithm.gdpo_reward_keys`. Calls from many threads share calls of the services.

    Raises:
        RPCError, BadReply: when there is no reward.
    """
    prompt = _prompt(extra_info, prompt_key)
    return _scores(service().of_one(prompt, text.of_completion(solution_str)), 0)


def compute_scores(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any] = (),
    extra_infos: Sequence[Mapping[str, Any] | None] = (),
    *,
    prompt_key: str = "prompt",
    **options: Any,
) -> list[dict[str, float]]:
    """The same for the manager "batch", which hands over a whole batch."""
    prompts = [_prompt(extra, prompt_key) for extra in extra_infos]
    rewards = service().of(prompts, [text.of_completion(answer) for answer in solution_strs])
    return [_scores(rewards, row) for row in range(len(prompts))]


def _prompt(extra_info: Mapping[str, Any] | None, key: str) -> str:
    prompt = (extra_info or {}).get(key)
    if prompt is None:
        raise ValueError(
            f"extra_info has no '{key}': verl hands over the answer only, so put the prompt there "
            "or name its key with reward_kwargs.prompt_key"
        )
    return text.of_prompt(prompt if isinstance(prompt, str) else list(prompt))


def _scores(rewards: Rewards, row: int) -> dict[str, float]:
    return {
        "score": rewards.rewards[row],
        **dict(zip(rewards.principles, rewards.scores[row])),
        "configuration_version": float(rewards.configuration_version),
    }
