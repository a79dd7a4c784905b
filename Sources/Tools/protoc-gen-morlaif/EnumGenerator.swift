internal import Descriptors

/// Writes one enum, open to numbers it does not know.
struct EnumGenerator {
  private let name: String
  private let values: [(name: String, caseName: String, number: Int32, comment: String?)]
  private let comment: String?

  init(_ descriptor: EnumDescriptor, at index: Int, of file: FileDescriptor) {
    name = descriptor.name
    let path: [Int32] = [5, Int32(index)]
    comment = file.comments[path]
    let prefix = SwiftNames.enumPrefix(descriptor.name, values: descriptor.values.map(\.name))
    values = descriptor.values.enumerated().map { index, value in
      (
        value.name, SwiftNames.enumCase(value.name, prefix: prefix), value.number,
        file.comments[path + [2, Int32(index)]]
      )
    }
  }

  func generate(into printer: inout CodePrinter) {
    printer.documentation(comment, fallback: "The enum `\(name)`.")
    printer.block("public enum \(name): Sendable, Hashable") { printer in
      for value in values {
        printer.documentation(value.comment, fallback: "`\(value.name)` (\(value.number)).")
        printer.line("case \(value.caseName)")
      }
      printer.line("/// A number that this version does not know; it is kept as it came.")
      printer.line("case unrecognized(Int32)")
      printer.line()
      printer.line("/// The value with the number zero, which an absent field has.")
      let zero = values.first(where: { $0.number == 0 }).map(\.caseName) ?? "unrecognized(0)"
      printer.line("public init() { self = .\(zero) }")
      printer.line()
      printer.line("/// The value with a number.")
      printer.block("public init(rawValue: Int32)") { printer in
        printer.block("switch rawValue") { printer in
          for value in values { printer.line("case \(value.number): self = .\(value.caseName)") }
          printer.line("default: self = .unrecognized(rawValue)")
        }
      }
      printer.line()
      printer.line("/// The value's number on the wire.")
      printer.block("public var rawValue: Int32") { printer in
        printer.block("switch self") { printer in
          for value in values { printer.line("case .\(value.caseName): \(value.number)") }
          printer.line("case .unrecognized(let rawValue): rawValue")
        }
      }
      printer.line()
      printer.line("/// Every value that this version knows, in the order of the `.proto`.")
      printer.line("public static var known: [\(name)] {")
      printer.line("  [\(values.map { ".\($0.caseName)" }.joined(separator: ", "))]")
      printer.line("}")
    }
    printer.line()
  }
}
