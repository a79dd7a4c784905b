"""Rewards of the preference models and the scalarizer, in the forms that trainers ask for.

`morlaif.shims.trl`, `.openrlhf` and `.verl`. All of them keep one rule: a reward that could not be had
is an exception, never zero. None of them imports its trainer.
"""

from morlaif.shims.rewards import BadReply, Rewards, RewardService

__all__ = ["BadReply", "RewardService", "Rewards"]
