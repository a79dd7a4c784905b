"""verl: reward.custom_reward_function.path=verl_reward.py reward.custom_reward_function.name=compute_score

MORLAIF_CERTIFICATES, MORLAIF_PRINCIPLES and the services' addresses come from the environment; the data's
`extra_info` holds the prompt under "prompt".
"""

from morlaif.shims.verl import compute_score, compute_scores

__all__ = ["compute_score", "compute_scores"]
