/// The figures of a finished run, as `summary.json` holds them.
package struct RunSummary: Sendable, Equatable {
  /// A pair of figures: before and after.
  package struct BeforeAfter: Sendable, Equatable {
    /// Of the base model.
    package var base: Double
    /// Of the tuned policy.
    package var tuned: Double

    /// Puts the figures together.
    package init(base: Double, tuned: Double) {
      self.base = base
      self.tuned = tuned
    }
  }

  /// How well a preference model agrees with labels it did not learn from.
  package struct Agreement: Sendable, Equatable {
    /// Share of untied held-out pairs, with its 95 % interval.
    package var accuracy: Double
    /// Lower end of the 95 % interval.
    package var low: Double
    /// Upper end of the 95 % interval.
    package var high: Double
    /// The same over pairs whose judge margin is above the median.
    package var clearAccuracy: Double
    /// Untied held-out pairs.
    package var pairs: Int

    /// Puts the figures together.
    package init(accuracy: Double, low: Double, high: Double, clearAccuracy: Double, pairs: Int) {
      self.accuracy = accuracy
      self.low = low
      self.high = high
      self.clearAccuracy = clearAccuracy
      self.pairs = pairs
    }
  }

  /// What one principle gained.
  package struct Principle: Sendable, Equatable {
    /// The principle's id.
    package var id: String
    /// Its weight in the utility.
    package var weight: Double
    /// How well its preference model learnt.
    package var agreement: Agreement
    /// Mean measure of the answers, 0 to 1.
    package var mean: BeforeAfter
    /// Tuned against base by the principle's measure.
    package var winRate: WinRate

    /// Puts the figures together.
    package init(
      id: String,
      weight: Double,
      agreement: Agreement,
      mean: BeforeAfter,
      winRate: WinRate
    ) {
      self.id = id
      self.weight = weight
      self.agreement = agreement
      self.mean = mean
      self.winRate = winRate
    }
  }

  /// Name of the run at the services.
  package var runID: String
  /// The base model.
  package var modelID: String
  /// Seed of everything random.
  package var seed: Int
  /// In the order of the recipe.
  package var principles: [Principle]
  /// Tuned against base by the weighted utility of all measures.
  package var overall: WinRate
  /// Mean over the tuned answers of log p(tuned) - log p(base), nats an answer, at the temperature
  /// that they were sampled with and with their end tokens.
  package var kl: Double
  /// That temperature.
  package var klTemperature: Double
  /// Tokens an answer.
  package var meanLength: BeforeAfter
  /// Mean negative log-likelihood under the untouched model, nats a token.
  package var baseNLL: BeforeAfter
  /// Distinct word bigrams over all word bigrams.
  package var distinct2: BeforeAfter
  /// Wall time by step, in the order of the run; "total" last.
  package var seconds: [(step: String, seconds: Double)]
  /// Largest resident memory by service, MiB.
  package var peakRSS: [(service: String, mebibytes: Double)]
  /// What produced the figures: program, services, adapters.
  package var versions: [(name: String, version: String)]

  /// Puts the figures together.
  package init(
    runID: String,
    modelID: String,
    seed: Int,
    principles: [Principle],
    overall: WinRate,
    kl: Double,
    klTemperature: Double,
    meanLength: BeforeAfter,
    baseNLL: BeforeAfter,
    distinct2: BeforeAfter,
    seconds: [(step: String, seconds: Double)],
    peakRSS: [(service: String, mebibytes: Double)],
    versions: [(name: String, version: String)]
  ) {
    self.runID = runID
    self.modelID = modelID
    self.seed = seed
    self.principles = principles
    self.overall = overall
    self.kl = kl
    self.klTemperature = klTemperature
    self.meanLength = meanLength
    self.baseNLL = baseNLL
    self.distinct2 = distinct2
    self.seconds = seconds
    self.peakRSS = peakRSS
    self.versions = versions
  }

  /// Two values are equal when they are written the same.
  package static func == (left: RunSummary, right: RunSummary) -> Bool {
    left.json == right.json
  }

  /// Wall time of one step.
  package func seconds(of step: String) -> Double? {
    seconds.first { $0.step == step }?.seconds
  }
}
