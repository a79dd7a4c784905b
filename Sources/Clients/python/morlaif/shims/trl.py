"""Reward functions for TRL's GRPO and RLOO trainers.

    from morlaif.shims.trl import reward_functions, reward_weights

    rewards = reward_functions(["conciseness", "relevance"])
    trainer = GRPOTrainer(
        model=..., reward_funcs=rewards, train_dataset=...,
        args=GRPOConfig(reward_weights=reward_weights(rewards), ...),
    )

The first function gives the scalarizer's reward and has weight 1; there is one more for each principle,
named after it and of weight 0, so that TRL logs `rewards/<principle>/mean`. Give the principles weights
of your own, and the first 0, to let TRL combine them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from morlaif.shims import text
from morlaif.shims.rewards import Rewards, RewardService

RewardFunction = Callable[..., list[float]]


class _Function:
    """A reward function under a name of its own; may be pickled."""

    def __init__(self, name: str, service: RewardService) -> None:
        self.__name__ = name
        self._service = service

    def __call__(self, prompts: Sequence[Any], completions: Sequence[Any], **columns: Any) -> list[float]:
        """One reward for each completion.

        Raises:
            RPCError, BadReply: when there is no reward. TRL takes None for "does not apply" and goes on
                without it, so nothing of the kind is returned.
        """
        rewards = self._service.of(
            [text.of_prompt(prompt) for prompt in prompts],
            [text.of_completion(completion) for completion in completions],
        )
        return self.values(rewards, columns)

    def values(self, rewards: Rewards, columns: dict[str, Any]) -> list[float]:
        """What this function reports of a batch."""
        raise NotImplementedError


class PrincipleReward(_Function):
    """The scores of one principle."""

    def values(self, rewards: Rewards, columns: dict[str, Any]) -> list[float]:
        return rewards.scores_of(self.__name__)


class ScalarizedReward(_Function):
    """The scalarizer's rewards; logs which configuration gave them."""

    def values(self, rewards: Rewards, columns: dict[str, Any]) -> list[float]:
        if log_metric := columns.get("log_metric"):
            log_metric("morlaif/configuration_version", float(rewards.configuration_version))
        if log_extra := columns.get("log_extra"):
            hashes = [rewards.configuration_hash] * len(rewards.rewards)
            log_extra("configuration_hash", hashes)
        return list(rewards.rewards)


def reward_functions(
    principles: Sequence[str], service: RewardService | None = None, name: str = "morlaif"
) -> list[RewardFunction]:
    """The scalarized reward, named `name`, and then one function for each principle.

    Args:
        principles: names of principles that have a preference model.
        service: where rewards come from; None asks the services that the environment names.
        name: what TRL calls the scalarized reward.
    """
    if not principles:
        raise ValueError("name at least one principle")
    if service is None:
        service = RewardService.from_environment()
    service.principles = tuple(principles)
    return [ScalarizedReward(name, service), *(PrincipleReward(p, service) for p in principles)]


def reward_weights(functions: Sequence[RewardFunction]) -> list[float]:
    """Weights with which the scalarized reward counts and the principles are only logged."""
    return [1.0 if isinstance(function, ScalarizedReward) else 0.0 for function in functions]
