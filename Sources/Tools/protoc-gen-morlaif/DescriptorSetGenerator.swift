internal import Descriptors
internal import ProtobufRuntime

/// Writes a file and everything it imports as an embedded `FileDescriptorSet`.
struct DescriptorSetGenerator {
  let file: FileDescriptor
  let files: [FileDescriptor]

  func generate(into printer: inout CodePrinter) {
    printer.line("/// `\(file.name)` and its imports as a `google.protobuf.FileDescriptorSet`.")
    printer.line("private let embeddedDescriptorSet: [UInt8] =")
    printer.line("  Base64.decode(")
    printer.line("    \"\"\"")
    var text = Base64.encode(encodedSet())[...]
    while !text.isEmpty {
      let row = text.prefix(88)
      text = text.dropFirst(row.count)
      printer.line("    \(row)\(text.isEmpty ? "" : "\\")")
    }
    printer.line("    \"\"\"")
    printer.line("  ) ?? []")
  }

  /// The set, each file after the ones it imports, as protoc sent them.
  private func encodedSet() -> [UInt8] {
    var needed: Set<String> = []
    var pending = [file.name]
    while let name = pending.popLast() {
      guard needed.insert(name).inserted else { continue }
      pending += files.first { $0.name == name }?.dependencies ?? []
    }
    var bytes: [UInt8] = []
    for item in files where needed.contains(item.name) {
      bytes.append(0x0A)
      var length = item.encoded.count
      while length >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
        length >>= 7
      }
      bytes.append(UInt8(truncatingIfNeeded: length))
      bytes += item.encoded
    }
    return bytes
  }
}
