internal import Descriptors

// C struct to Swift value.
extension BridgeGenerator {
  func read(_ field: FieldPlan, into printer: inout CodePrinter) {
    if field.descriptor.isRepeated {
      readList(field, into: &printer)
    } else if field.shape == .message {
      printer.block("if let inner = c.pointee.\(field.cMember)") { printer in
        readMessage("inner", field, into: &printer) { "\(field.name) = \($0)" }
      }
    } else {
      printer.line("\(field.name) = \(value("c.pointee.\(field.cMember)", field))")
    }
  }

  func read(_ oneof: OneofPlan, into printer: inout CodePrinter) {
    printer.block("switch c.pointee.\(oneof.cCaseMember).rawValue") { printer in
      for field in oneof.fields {
        printer.line("case \(field.descriptor.number):")
        printer.indented { printer in
          guard field.shape == .message else {
            let value = value("c.pointee.\(field.cMember)", field)
            printer.line("\(oneof.name) = .\(field.name)(\(value))")
            return
          }
          printer.block("if let inner = c.pointee.\(field.cMember)") { printer in
            readMessage("inner", field, into: &printer) { "\(oneof.name) = .\(field.name)(\($0))" }
          }
        }
      }
      printer.line("default: break")
    }
  }

  private func readList(_ field: FieldPlan, into printer: inout CodePrinter) {
    let (start, count) = ("c.pointee.\(field.cMember)", "c.pointee.\(field.cCount)")
    let buffer = "UnsafeBufferPointer(start: \(start), count: \(count))"
    switch field.shape {
    case .number:
      printer.line("\(field.name) = readNumbers(\(start), \(count))")
    case .bool, .enumeration, .bytes:
      printer.line("\(field.name) = \(buffer).map { \(value("$0", field)) }")
    case .identifier, .text:
      printer.line("\(field.name).reserveCapacity(\(count))")
      printer.block("for item in \(buffer)") { printer in
        printer.line("\(field.name).append(\(value("item", field)))")
      }
    case .message:
      printer.line("\(field.name).reserveCapacity(\(count))")
      printer.block("for case let inner? in \(buffer)") { printer in
        readMessage("inner", field, at: "\(field.name).count", into: &printer) {
          "\(field.name).append(\($0))"
        }
      }
    }
  }

  private func readMessage(
    _ pointer: String,
    _ field: FieldPlan,
    at index: String? = nil,
    into printer: inout CodePrinter,
    _ assignment: (String) -> String
  ) {
    let place = index.map { ", at: \($0)" } ?? ""
    printer.line("do throws(MessageError) {")
    printer.line("  \(assignment("try \(field.elementType)(reading: \(pointer))"))")
    printer.line(
      "} catch { throw error.inside(Self.protobufName, \"\(field.descriptor.name)\"\(place)) }"
    )
  }

  private func value(_ source: String, _ field: FieldPlan) -> String {
    switch field.shape {
    case .number, .message:
      source
    case .bool:
      "\(source) != 0"
    case .identifier:
      "try readIdentifier(\(source), Self.protobufName, \"\(field.descriptor.name)\")"
    case .text:
      "try readText(\(source), Self.protobufName, \"\(field.descriptor.name)\")"
    case .bytes:
      "readBytes(\(source))"
    case .enumeration:
      "\(field.elementType)(rawValue: Int32(truncatingIfNeeded: \(source).rawValue))"
    }
  }
}
