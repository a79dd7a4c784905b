/// Every number that a PPO step reports: the one catalog of names, units and meanings.
///
/// Names follow TRL's PPO trainer where it has one, NeMo-RL for the explained variance and TRL's
/// GRPO trainer for the numbers by principle.
package enum PPOMetric: String, Sendable, CaseIterable, Codable {
  case kl = "objective/kl"
  case klMonitor = "objective/kl_k3"
  case klCoefficient = "objective/kl_coefficient"
  case klAlert = "objective/kl_alert"
  case entropy = "objective/entropy"
  case nonScoreReward = "objective/non_score_reward"
  case rlhfReward = "objective/rlhf_reward"
  case scores = "objective/scores"
  case scoresDeviation = "objective/scores_std"
  case flatGroupShare = "objective/frac_reward_zero_std"
  case ceilingShare = "objective/ceiling_share"
  case rewardCenter = "objective/reward_center"
  case rewardScale = "objective/reward_scale"
  case rewardClippedShare = "objective/reward_clipped_share"
  case approximateKL = "policy/approxkl_avg"
  case clipFraction = "policy/clipfrac_avg"
  case dualClipFraction = "policy/dual_clipfrac_avg"
  case policyEntropy = "policy/entropy_avg"
  case policyGradientNorm = "policy/grad_norm"
  case policyLoss = "loss/policy_avg"
  case valueLoss = "loss/value_avg"
  case valueClipFraction = "val/clipfrac_avg"
  case valueGradientNorm = "val/grad_norm"
  case ratio = "val/ratio"
  case ratioVariance = "val/ratio_var"
  case ratioMax = "val/ratio_max"
  case firstRatioDeviation = "val/first_ratio_deviation"
  case samplerGap = "val/sampler_gap"
  case endTokenCount = "val/num_eos_tokens"
  case explainedVariance = "critic/explained_var"
  case lengthMean = "response/length_mean"
  case lengthDeviation = "response/length_std"
  case finishedShare = "response/finished_share"
  case repeatedShare = "response/repeated_share"
  case learningRate = "lr"
  case episode = "episode"
  case episodesPerSecond = "eps"
  case updateCount = "updates"
  case generationSeconds = "time/generate"
  case rewardSeconds = "time/reward"
  case updateSeconds = "time/update"

  /// The unit; empty for pure numbers.
  package var unit: String {
    switch self {
    case .kl, .klMonitor, .entropy: "nats per sequence"
    case .approximateKL, .policyEntropy, .samplerGap: "nats per token"
    case .klCoefficient: "reward per nat"
    case .nonScoreReward, .rlhfReward, .rewardCenter, .rewardScale, .scores, .scoresDeviation:
      "reward"
    case .valueLoss: "reward squared"
    case .rewardClippedShare, .clipFraction, .dualClipFraction, .valueClipFraction,
      .finishedShare, .flatGroupShare, .ceilingShare, .repeatedShare:
      "share"
    case .endTokenCount: "sequences"
    case .lengthMean, .lengthDeviation: "tokens"
    case .episode: "sequences"
    case .episodesPerSecond: "sequences per second"
    case .updateCount: "updates"
    case .generationSeconds, .rewardSeconds, .updateSeconds: "seconds"
    case .klAlert, .policyGradientNorm, .policyLoss, .valueGradientNorm, .ratio, .ratioVariance,
      .ratioMax, .firstRatioDeviation, .explainedVariance, .learningRate:
      ""
    }
  }

  /// What the number is, in one sentence.
  package var definition: String {
    switch self {
    case .kl:
      "Sum over an answer's tokens of logp - logp_ref (k1), mean over answers, at the rollouts' temperature."
    case .klMonitor: "The same with exp(-d) - 1 + d (k3), which is never negative."
    case .klCoefficient: "Coefficient of the KL penalty in this step's rewards."
    case .klAlert: "One if the KL is above its alert threshold, else zero."
    case .entropy: "Sum over an answer's tokens of -logp when sampled, mean over answers."
    case .nonScoreReward: "Sum over an answer's tokens of the KL penalty, mean over answers."
    case .rlhfReward: "Conditioned reward plus KL penalty, mean over answers."
    case .scores: "Scalarized reward before conditioning, mean over answers."
    case .scoresDeviation: "Scalarized reward before conditioning, deviation over answers."
    case .flatGroupShare:
      "Share of prompts whose answers all got the same reward, so that a group teaches nothing."
    case .ceilingShare:
      "Share of answers within a hundredth of the range of the highest reward of the configuration."
    case .repeatedShare: "Share of answers whose text repeats another answer of the step."
    case .rewardCenter: "What was taken from rewards before they were divided."
    case .rewardScale: "What rewards were divided by."
    case .rewardClippedShare: "Share of rewards that the reward clip changed."
    case .approximateKL: "Half the squared log-ratio of new to old policy, mean over updates."
    case .clipFraction: "Share of tokens whose clipped branch counts, mean over updates."
    case .dualClipFraction: "Share of tokens held by the dual clip, mean over updates."
    case .policyEntropy: "Entropy of the policy's next-token distribution, mean over updates."
    case .policyGradientNorm: "Norm of the adapter's gradient before clipping, mean over updates."
    case .policyLoss: "Clipped surrogate, mean over updates."
    case .valueLoss: "Half the clipped squared value error, mean over updates."
    case .valueClipFraction: "Share of values whose clipped error counts, mean over updates."
    case .valueGradientNorm: "Norm of the value head's gradient before clipping, mean over updates."
    case .ratio: "Probability ratio of new to old policy, mean over updates."
    case .ratioVariance: "Variance of the updates' mean ratios."
    case .ratioMax: "Largest probability ratio of any token."
    case .firstRatioDeviation:
      "Largest distance from one of the first minibatch's ratios; zero but for rounding."
    case .samplerGap: "Mean distance of the sampler's log-probabilities from the training pass's."
    case .endTokenCount: "Answers that ended with the end-of-turn token."
    case .explainedVariance: "Share of the returns' variance that the old values explain."
    case .lengthMean: "Length of answers with their end token, mean."
    case .lengthDeviation: "Length of answers with their end token, deviation."
    case .finishedShare: "Share of answers that ended with the end-of-turn token."
    case .learningRate: "Learning rate of the step's last update."
    case .episode: "Answers sampled since the run began."
    case .episodesPerSecond: "Answers a second over the whole step."
    case .updateCount: "Updates made in this step; fewer than planned after an early stop."
    case .generationSeconds: "Time spent sampling."
    case .rewardSeconds: "Time spent waiting for rewards."
    case .updateSeconds: "Time spent on old and reference passes and on updates."
    }
  }
}
