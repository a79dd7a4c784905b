internal import LanguageModels
internal import Tensors

/// What the updates of one step added up to.
struct PPOUpdateTotals {
  var updateCount = 0
  var policyLoss = 0.0
  var valueLoss = 0.0
  var entropy = 0.0
  var approximateKL = 0.0
  var clipFraction = 0.0
  var dualClipFraction = 0.0
  var valueClipFraction = 0.0
  var policyGradientNorm = 0.0
  var valueGradientNorm = 0.0
  var ratios: [Double] = []
  var ratioMax = 0.0
  var firstRatioDeviation = 0.0
  var learningRate = 0.0
  var stoppedEarly = false
}

/// One minibatch's update of policy and value head.
struct PPOUpdate {
  let model: LanguageModel
  let configuration: PPOConfiguration
  let rollouts: PPORollouts
  /// Weight of the KL term in the loss.
  let klLossCoefficient: Double

  /// What one minibatch divides by.
  private struct Weights {
    /// (N) of each token's policy loss.
    let tokens: [Double]
    /// Tokens of the minibatch, for means that are reported and for the value loss.
    let tokenCount: Double
  }

  /// Sums over one minibatch's tokens.
  private struct Sums {
    var policy = PolicyLoss.Result()
    var valueLoss = 0.0
    var valueClippedCount = 0
    var entropy = 0.0
    var policyLoss = 0.0
    var ratioDeviation = 0.0
  }

  /// Updates the state by some sequences; returns the minibatch's approximate KL in nats a token.
  ///
  /// Gradients of parts are added up under the weights of the whole minibatch, so the result does not
  /// depend on how it was cut (PEERS 4 item 35).
  func apply(
    _ sequences: [Int],
    to state: inout PPOState,
    _ totals: inout PPOUpdateTotals,
    trainsPolicy: Bool
  ) throws(PolicyOptimizationError) -> Double {
    let tokenCount = sequences.reduce(0) { $0 + rollouts.segments[$1].count }
    let normaliser = Double(max(tokenCount, 1))
    let aggregation = configuration.lossAggregation ?? configuration.algorithm.aggregation
    let weights = Weights(
      tokens: aggregation.weights(
        sequences,
        in: rollouts.segments,
        lengthMax: configuration.newTokenCountMax
      ),
      tokenCount: normaliser
    )
    var policyGradient = state.adapter.parameters.zeros()
    var valueGradient = state.valueHead.parameters.zeros()
    var sums = Sums()
    for part in rollouts.parts(sequences, tokenCountMax: configuration.tokenCountMax) {
      let (adapter, head) = gradients(part, state, weights, &sums, trainsPolicy)
      if let adapter { policyGradient.add(adapter) }
      if let head { valueGradient.add(head) }
    }
    let policyNorm = policyGradient.clipNorm(to: configuration.gradientNormMax)
    let valueNorm = valueGradient.clipNorm(to: configuration.gradientNormMax)
    for (name, value) in [
      ("the policy loss", sums.policyLoss), ("the value loss", sums.valueLoss),
      ("the policy gradient", policyNorm), ("the value gradient", valueNorm),
    ] where !value.isFinite {
      throw .nonFiniteUpdate(step: state.step + 1, quantity: name)
    }
    let rate = configuration.schedule.learningRate(step: state.scheduledUpdateCount)
    if trainsPolicy {
      state.policyOptimiser.update(
        &state.adapter.parameters,
        gradients: policyGradient,
        learningRate: rate
      )
    }
    if configuration.algorithm.hasCritic {
      state.valueOptimiser.update(
        &state.valueHead.parameters,
        gradients: valueGradient,
        learningRate: rate * configuration.valueLearningRateFactor
      )
    }
    record(sums, normaliser, policyNorm, valueNorm, rate, &totals)
    return sums.policy.approximateKLSum / normaliser
  }

  /// Gradients of one part; nil where there are none.
  private func gradients(
    _ part: PPORollouts.Part,
    _ state: PPOState,
    _ weights: Weights,
    _ sums: inout Sums,
    _ trainsPolicy: Bool
  ) -> (adapter: ParameterSet?, head: ParameterSet?) {
    let pass = model.top(
      part.hidden,
      part.batch,
      from: state.adapter.firstLayer,
      adapter: state.adapter,
      rows: part.rows,
      record: trainsPolicy
    )
    let policy = model.logProbabilityGradient(
      pass.hidden,
      targets: part.targets,
      temperature: configuration.temperature
    ) { rows, values, entropies in
      policySlopes(Array(part.places[rows]), values, entropies, weights.tokens, &sums)
    }
    guard configuration.algorithm.hasCritic else {
      return (model.topBackward(pass, gradient: policy.gradient).adapter, nil)
    }
    let (head, valueHidden) = valueGradients(part, pass.hidden, state, weights.tokenCount, &sums)
    guard trainsPolicy else { return (nil, head) }
    var hidden = policy.gradient
    if !configuration.detachesValueHead { hidden.add(valueHidden) }
    return (model.topBackward(pass, gradient: hidden).adapter, head)
  }

  /// Gradients of the value loss by the head and by the hidden states that it reads.
  private func valueGradients(
    _ part: PPORollouts.Part,
    _ hidden: Matrix,
    _ state: PPOState,
    _ normaliser: Double,
    _ sums: inout Sums
  ) -> (head: ParameterSet, hidden: Matrix) {
    let value = configuration.valueLoss.evaluate(
      values: state.valueHead.forward(hidden),
      old: rollouts.values.gathering(part.places),
      returns: rollouts.returns.gathering(part.places),
      normaliser: normaliser
    )
    sums.valueLoss += value.loss
    sums.valueClippedCount += value.clippedCount
    let coefficient = Float(configuration.valueCoefficient)
    let gradient = value.gradient.map { $0 * coefficient }
    let (head, hiddenGradient) = state.valueHead.backward(gradient, hidden: hidden)
    return (head, hiddenGradient)
  }

  /// Derivatives of the loss by some tokens' log-probabilities and entropies.
  private func policySlopes(
    _ places: [Int],
    _ current: [Float],
    _ entropies: [Float],
    _ allWeights: [Double],
    _ sums: inout Sums
  ) -> LogProbabilityGradient {
    let old = rollouts.old.gathering(places)
    let weights = places.map { allWeights[$0] }
    let result = configuration.policyLoss.evaluate(
      current: current,
      old: old,
      advantages: rollouts.advantages.gathering(places),
      weights: weights
    )
    sums.policyLoss += result.loss
    sums.policy.clippedCount += result.clippedCount
    sums.policy.dualClippedCount += result.dualClippedCount
    sums.policy.ratioSum += result.ratioSum
    sums.policy.approximateKLSum += result.approximateKLSum
    sums.policy.ratioMax = max(sums.policy.ratioMax, result.ratioMax)
    for (new, before) in zip(current, old) {
      // To first order the ratio's distance from one.
      sums.ratioDeviation = max(sums.ratioDeviation, abs(Double(new) - Double(before)))
    }
    sums.entropy += entropies.reduce(0.0) { $0 + Double($1) }
    var slopes = result.gradient
    if klLossCoefficient > 0 {
      let estimator =
        configuration.klLossEstimator ?? (configuration.algorithm.penalisesInLoss ? .k3 : .k2)
      for (slot, place) in places.enumerated() {
        let difference = Double(current[slot]) - Double(rollouts.reference[place])
        let weight = klLossCoefficient * weights[slot]
        sums.policyLoss += weight * estimator.value(difference)
        slopes[slot] += Float(weight * estimator.derivative(difference))
      }
    }
    guard configuration.entropyCoefficient > 0 else {
      return LogProbabilityGradient(logProbabilities: slopes)
    }
    return LogProbabilityGradient(
      logProbabilities: slopes,
      entropies: weights.map { Float(-configuration.entropyCoefficient * $0) }
    )
  }

  private func record(
    _ sums: Sums,
    _ normaliser: Double,
    _ policyNorm: Double,
    _ valueNorm: Double,
    _ rate: Double,
    _ totals: inout PPOUpdateTotals
  ) {
    if totals.updateCount == 0 { totals.firstRatioDeviation = sums.ratioDeviation }
    totals.updateCount += 1
    totals.policyLoss += sums.policyLoss
    totals.valueLoss += sums.valueLoss
    totals.entropy += sums.entropy / normaliser
    totals.approximateKL += sums.policy.approximateKLSum / normaliser
    totals.clipFraction += Double(sums.policy.clippedCount) / normaliser
    totals.dualClipFraction += Double(sums.policy.dualClippedCount) / normaliser
    totals.valueClipFraction += Double(sums.valueClippedCount) / normaliser
    totals.policyGradientNorm += policyNorm
    totals.valueGradientNorm += valueNorm
    totals.ratios.append(sums.policy.ratioSum / normaliser)
    totals.ratioMax = max(totals.ratioMax, sums.policy.ratioMax)
    totals.learningRate = rate
  }
}
