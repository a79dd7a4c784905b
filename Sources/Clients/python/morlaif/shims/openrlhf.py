"""The reward function for OpenRLHF: `--reward.remote_url openrlhf_reward.py`.

That file needs one line, `from morlaif.shims.openrlhf import reward_func`. Where the services are and
which principles count comes from the environment (`RewardService.from_environment`).

OpenRLHF logs what a reward function raises and leaves the sample without a reward; 0.11 then stops the
step with an error. So a service that is away is waited for first.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from morlaif.shims import text
from morlaif.shims.rewards import RewardService


@functools.cache
def service() -> RewardService:
    """Where rewards come from."""
    return RewardService.from_environment()


def reward_func(
    queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any] = (), **options: Any
) -> dict[str, Any]:
    """Rewards of texts that hold prompt and answer with special tokens, as OpenRLHF asks for them.

    Returns:
        `rewards`, `scores` in 0 to 1 for dynamic filtering (the logistic function of the reward), and
        `extra_logs` with the scores of each principle; tensors where PyTorch is at hand.
    """
    plain_prompts = [text.last_user_turn(prompt) for prompt in prompts]
    answers = [text.answer(query, prompt) for query, prompt in zip(queries, prompts, strict=True)]
    source = service()
    if len(answers) == 1:  # Its way: one sample a call, from many threads.
        rewards = source.of_one(plain_prompts[0], answers[0])
    else:
        rewards = source.of(plain_prompts, answers)
    logs = {name: _vector(rewards.scores_of(name)) for name in rewards.principles}
    logs["configuration_version"] = _vector([float(rewards.configuration_version)] * len(answers))
    return {
        "rewards": _vector(rewards.rewards),
        "scores": _vector([_logistic(reward) for reward in rewards.rewards]),
        "extra_logs": logs,
    }


def _logistic(value: float) -> float:
    return 0.5 * (1 + math.tanh(value / 2))


def _vector(values: Sequence[float]) -> Any:
    try:
        import torch
    except ImportError:
        return list(values)
    return torch.tensor(list(values), dtype=torch.float32)
