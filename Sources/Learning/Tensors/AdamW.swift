internal import CKernels

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Adam with decoupled weight decay and bias correction.
///
/// - Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2,
///   in PyTorch's form: the decay is multiplied by the learning rate.
package struct AdamW: Sendable, Equatable {
  /// The constants of the update.
  package struct Configuration: Sendable, Equatable {
    /// The decay rate of the first moment.
    package var beta1: Double
    /// The decay rate of the second moment.
    package var beta2: Double
    /// The constant added to the root of the second moment.
    package var epsilon: Double
    /// The weight decay, per unit of learning rate.
    package var weightDecay: Double

    /// Makes a configuration; the defaults are PPO's (PEERS 4, item 41).
    package init(
      beta1: Double = 0.9,
      beta2: Double = 0.999,
      epsilon: Double = 1e-5,
      weightDecay: Double = 0
    ) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
    }
  }

  /// The constants in use.
  package let configuration: Configuration
  /// How many updates were made.
  package private(set) var step: Int
  /// The running means of the gradients.
  package private(set) var firstMoments: ParameterSet
  /// The running means of the squared gradients.
  package private(set) var secondMoments: ParameterSet

  /// Starts with moments of zero for parameters of these names and shapes.
  package init(_ parameters: ParameterSet, configuration: Configuration = Configuration()) {
    self.configuration = configuration
    step = 0
    firstMoments = parameters.zeros()
    secondMoments = parameters.zeros()
  }

  /// Continues from a checkpoint.
  ///
  /// - Throws: `TensorError` when the moments do not fit the parameters.
  package init(
    _ parameters: ParameterSet,
    configuration: Configuration,
    step: Int,
    firstMoments: ParameterSet,
    secondMoments: ParameterSet
  ) throws(TensorError) {
    self.init(parameters, configuration: configuration)
    try self.firstMoments.load(firstMoments)
    try self.secondMoments.load(secondMoments)
    self.step = max(0, step)
  }

  /// Moves the parameters one step against the gradients, which have the same names and shapes.
  package mutating func update(
    _ parameters: inout ParameterSet,
    gradients: ParameterSet,
    learningRate: Double
  ) {
    precondition(parameters.matches(firstMoments), "the optimiser was made for other parameters")
    precondition(parameters.matches(gradients), "gradients and parameters differ")
    step += 1
    let correction1 = Float(1 - pow(configuration.beta1, Double(step)))
    let correction2 = Float(1 - pow(configuration.beta2, Double(step)))
    let constants = configuration
    for index in gradients.matrices.indices {
      gradients.matrices[index].withValues { gradient in
        parameters.update(index) { parameter in
          firstMoments.update(index) { first in
            secondMoments.update(index) { second in
              parameter.withMutableValues { p in
                first.withMutableValues { m in
                  second.withMutableValues { v in
                    guard let p = p.baseAddress, let m = m.baseAddress, let v = v.baseAddress,
                      let g = gradient.baseAddress
                    else { return }
                    kernel_adamw(
                      p,
                      m,
                      v,
                      g,
                      gradient.count,
                      Float(learningRate),
                      Float(constants.beta1),
                      Float(constants.beta2),
                      Float(constants.epsilon),
                      Float(constants.weightDecay),
                      correction1,
                      correction2
                    )
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
