"""OpenRLHF: `--reward.remote_url openrlhf_reward.py` (up to 0.10 `--remote_rm_url`).

MORLAIF_CERTIFICATES, MORLAIF_PRINCIPLES and the services' addresses come from the environment.
"""

from morlaif.shims.openrlhf import reward_func

__all__ = ["reward_func"]
