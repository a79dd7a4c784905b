/// What packed weights are kept in, and the instructions that multiply them.
package struct WeightFormat: Sendable, Equatable {
  /// The numbers that weights are rounded to.
  package var precision: Precision
  /// The instructions that products use, which the processor must have.
  package var level: KernelLevel

  /// Makes a format; float32 and all that the processor has unless told otherwise.
  package init(_ precision: Precision = .float32, level: KernelLevel = .detected) {
    self.precision = precision
    self.level = level
  }
}
