internal import CDescriptors
internal import CProtobufC
internal import Descriptors
internal import ProtobufRuntime

/// What protoc asks: which files to generate, and every file they need.
struct PluginRequest {
  let filesToGenerate: [String]
  let parameter: String
  /// All files, each after the ones it imports.
  let files: [FileDescriptor]

  /// Decodes a `google.protobuf.compiler.CodeGeneratorRequest`.
  init(encoded bytes: [UInt8]) throws {
    var c = Morlaif__Compiler__CodeGeneratorRequest()
    morlaif__compiler__code_generator_request__init(&c)
    let kind = MessageKind(of: c.base)
    let limits = DecodingLimits(byteCountMax: 64 << 20, depthMax: 32)
    // protobuf-c copies what it unpacks, so the buffer is needed only during the call.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    let unpacked = try UnpackedMessage(
      UnsafeRawBufferPointer(buffer),
      as: kind,
      "CodeGeneratorRequest",
      limits
    )
    defer { withExtendedLifetime(unpacked) {} }
    let request = unpacked.root
      .assumingMemoryBound(to: Morlaif__Compiler__CodeGeneratorRequest.self).pointee
    filesToGenerate = (0..<request.n_file_to_generate).map { index in
      request.file_to_generate[index].map { String(cString: $0) } ?? ""
    }
    parameter = request.parameter.map { String(cString: $0) } ?? ""
    var files: [FileDescriptor] = []
    for index in 0..<request.n_proto_file {
      files.append(
        try FileDescriptor(encoded: readBytes(request.proto_file[index]), limits: limits)
      )
    }
    self.files = files
  }
}
