internal import Descriptors

/// Writes how one message is decoded from and encoded through protobuf-c's struct.
struct BridgeGenerator {
  let message: MessagePlan

  func generate(into printer: inout CodePrinter) {
    printer.block("extension \(message.descriptor.name)") { printer in
      descriptor(into: &printer)
      decoding(into: &printer)
      encoding(into: &printer)
      reading(into: &printer)
      building(into: &printer)
    }
    printer.line()
  }

  private func descriptor(into printer: inout CodePrinter) {
    printer.block("private static let protobufKind: MessageKind? =", end: "}()") {
      printer in
      printer.line("var c = \(message.cType)()")
      printer.line("\(message.cFunction)__init(&c)")
      printer.line("return MessageKind(of: c.base)")
    }
    printer.line()
  }

  private func decoding(into printer: inout CodePrinter) {
    printer.line("/// Decodes the message.")
    printer.line("public init(")
    printer.line("  protobuf bytes: UnsafeRawBufferPointer,")
    printer.line("  limits: DecodingLimits")
    printer.block(") throws(MessageError)") { printer in
      printer.line(
        "let unpacked = try UnpackedMessage(bytes, as: Self.protobufKind, Self.protobufName, limits)"
      )
      printer.line("defer { withExtendedLifetime(unpacked) {} }")
      printer.line(
        "try self.init(reading: unpacked.root.assumingMemoryBound(to: \(message.cType).self))"
      )
    }
    printer.line()
  }

  private func encoding(into printer: inout CodePrinter) {
    printer.line("/// Encodes the message and lends the bytes to `body`.")
    printer.line("public func withEncoded<Result>(")
    printer.line("  _ body: (UnsafeRawBufferPointer) throws(MessageError) -> Result")
    printer.block(") throws(MessageError) -> Result") { printer in
      printer.line("let arena = try MessageArena()")
      printer.line("let c = try build(in: arena)")
      printer.line("return try arena.withPacked(UnsafeRawPointer(c), Self.protobufName, body)")
    }
    printer.line()
    printer.line("/// The encoded message, large arrays of it where they are.")
    printer.block("public func scattered() throws(MessageError) -> ScatteredBytes") { printer in
      printer.line("let arena = try MessageArena()")
      printer.line("let c = try build(in: arena)")
      printer.line("return try arena.packed(UnsafeRawPointer(c), Self.protobufName)")
    }
    printer.line()
  }

  private func reading(into printer: inout CodePrinter) {
    printer.block("init(reading c: UnsafePointer<\(message.cType)>) throws(MessageError)") {
      printer in
      printer.line("self.init()")
      for member in message.members {
        switch member {
        case .field(let field): read(field, into: &printer)
        case .oneof(let oneof): read(oneof, into: &printer)
        }
      }
    }
    printer.line()
  }

  private func building(into printer: inout CodePrinter) {
    printer.line("func build(")
    printer.line("  in arena: borrowing MessageArena")
    printer.block(") throws(MessageError) -> UnsafeMutablePointer<\(message.cType)>") { printer in
      printer.line("let c = try arena.room(for: 1, \(message.cType).self)")
      printer.line("\(message.cFunction)__init(c)")
      for member in message.members {
        switch member {
        case .field(let field): build(field, into: &printer)
        case .oneof(let oneof): build(oneof, into: &printer)
        }
      }
      printer.line("return c")
    }
  }
}
