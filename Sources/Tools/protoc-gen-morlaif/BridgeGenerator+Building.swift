internal import Descriptors

// Swift value to C struct.
extension BridgeGenerator {
  func build(_ field: FieldPlan, into printer: inout CodePrinter) {
    if field.descriptor.isRepeated {
      buildList(field, into: &printer)
    } else if field.shape == .message {
      printer.block("if let \(field.name)") { printer in
        buildMessage(field.name, field, into: &printer) { "c.pointee.\(field.cMember) = \($0)" }
      }
    } else {
      printer.line("c.pointee.\(field.cMember) = \(value(field.name, field))")
    }
  }

  func build(_ oneof: OneofPlan, into printer: inout CodePrinter) {
    printer.block("switch \(oneof.name)") { printer in
      for field in oneof.fields {
        printer.line("case .\(field.name)(let value):")
        printer.indented { printer in
          if field.shape == .message {
            buildMessage("value", field, into: &printer) { "c.pointee.\(field.cMember) = \($0)" }
          } else {
            printer.line("c.pointee.\(field.cMember) = \(value("value", field))")
          }
          printer.line(
            "c.pointee.\(oneof.cCaseMember) = .init(rawValue: \(field.descriptor.number))"
          )
        }
      }
      printer.line("case nil: break")
    }
  }

  private func buildList(_ field: FieldPlan, into printer: inout CodePrinter) {
    if field.shape == .number {
      printer.line("c.pointee.\(field.cMember) = try arena.elements(\(field.name))")
      printer.line("c.pointee.\(field.cCount) = \(field.name).count")
      return
    }
    printer.block("if !\(field.name).isEmpty") { printer in
      printer.line("let list = try arena.room(for: \(field.name).count, (\(field.cType)).self)")
      printer.block("for (index, item) in \(field.name).enumerated()") { printer in
        if field.shape == .message {
          buildMessage("item", field, at: "index", into: &printer) {
            "(list + index).initialize(to: \($0))"
          }
        } else {
          printer.line("(list + index).initialize(to: \(value("item", field)))")
        }
      }
      printer.line("c.pointee.\(field.cMember) = list")
      printer.line("c.pointee.\(field.cCount) = \(field.name).count")
    }
  }

  private func buildMessage(
    _ source: String,
    _ field: FieldPlan,
    at index: String? = nil,
    into printer: inout CodePrinter,
    _ assignment: (String) -> String
  ) {
    let place = index.map { ", at: \($0)" } ?? ""
    printer.line("do throws(MessageError) {")
    printer.line("  \(assignment("try \(source).build(in: arena)"))")
    printer.line(
      "} catch { throw error.inside(Self.protobufName, \"\(field.descriptor.name)\"\(place)) }"
    )
  }

  private func value(_ source: String, _ field: FieldPlan) -> String {
    switch field.shape {
    case .number, .message:
      source
    case .bool:
      "\(source) ? 1 : 0"
    case .identifier:
      "try arena.identifier(\(source), Self.protobufName, \"\(field.descriptor.name)\")"
    case .text:
      "try arena.text(\(source))"
    case .bytes:
      "try arena.bytes(\(source))"
    case .enumeration:
      "\(field.cType)(rawValue: .init(truncatingIfNeeded: \(source).rawValue))"
    }
  }
}
