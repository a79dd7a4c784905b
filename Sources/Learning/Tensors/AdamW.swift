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
/// Two moments are kept for each parameter: 8 bytes beside its 4, and 4 of the gradient.
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
  /// Which parameters decay, in their order.
  private let decays: [Bool]

  /// Elements that one thread updates at a time: as much as its caches hold of all four arrays.
  private static let chunk = 1 << 15

  /// Starts with moments of zero for parameters of these names and shapes.
  ///
  /// - Parameters:
  ///   - parameters: what will be updated.
  ///   - configuration: the constants.
  ///   - decays: by name, which parameters the weight decay is for.
  package init(
    _ parameters: ParameterSet,
    configuration: Configuration = Configuration(),
    decays: (String) -> Bool = { _ in true }
  ) {
    self.configuration = configuration
    step = 0
    firstMoments = parameters.zeros()
    secondMoments = parameters.zeros()
    self.decays = parameters.names.map(decays)
  }

  /// Continues from a checkpoint.
  ///
  /// - Throws: `TensorError` when the moments do not fit the parameters.
  package init(
    _ parameters: ParameterSet,
    configuration: Configuration,
    step: Int,
    firstMoments: ParameterSet,
    secondMoments: ParameterSet,
    decays: (String) -> Bool = { _ in true }
  ) throws(TensorError) {
    self.init(parameters, configuration: configuration, decays: decays)
    try self.firstMoments.load(firstMoments)
    try self.secondMoments.load(secondMoments)
    self.step = max(0, step)
  }

  /// Moves the parameters one step against the gradients, which have the same names and shapes.
  ///
  /// - Parameters:
  ///   - parameters: changed in place where nobody else holds them.
  ///   - gradients: the gradients.
  ///   - learningRate: the learning rate of this step.
  ///   - gradientScale: what the gradients count as multiplied by.
  package mutating func update(
    _ parameters: inout ParameterSet,
    gradients: ParameterSet,
    learningRate: Double,
    gradientScale: Double = 1
  ) {
    precondition(parameters.matches(firstMoments), "the optimiser was made for other parameters")
    precondition(parameters.matches(gradients), "gradients and parameters differ")
    step += 1
    let correction1 = Float(1 - pow(configuration.beta1, Double(step)))
    let correction2 = Float(1 - pow(configuration.beta2, Double(step)))
    let (constants, decays) = (configuration, decays)
    let chunks = Self.chunks(gradients)
    let profile = WorkProfile.current
    profile.measure(.optimiser) {
      parameters.withTiles { parameters in
        firstMoments.withTiles { first in
          secondMoments.withTiles { second in
            Threads.forEach(chunks.count) { task in
              let (index, range) = chunks[task]
              kernel_adamw(
                parameters[index].pointer + range.lowerBound,
                first[index].pointer + range.lowerBound,
                second[index].pointer + range.lowerBound,
                gradients.matrices[index].tile.pointer + range.lowerBound,
                range.count,
                Float(gradientScale),
                Float(learningRate),
                Float(constants.beta1),
                Float(constants.beta2),
                Float(constants.epsilon),
                decays[index] ? Float(constants.weightDecay) : 0,
                correction1,
                correction2
              )
            }
          }
        }
      }
    }
  }

  /// The elements of all matrices in pieces.
  private static func chunks(_ set: ParameterSet) -> [(index: Int, range: Range<Int>)] {
    set.matrices.indices.flatMap { index in
      let count = set.matrices[index].count
      return stride(from: 0, to: count, by: chunk).map { (index, $0..<min($0 + chunk, count)) }
    }
  }
}
