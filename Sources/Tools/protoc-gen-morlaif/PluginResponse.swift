internal import CDescriptors
internal import CProtobufC
internal import ProtobufRuntime

/// A file to be written, relative to the output folder.
struct GeneratedFile {
  let name: String
  let content: String
}

/// What protoc is answered.
enum PluginResponse {
  case files([GeneratedFile])
  case failure(String)

  /// Encodes a `google.protobuf.compiler.CodeGeneratorResponse`.
  func encoded() throws(MessageError) -> [UInt8] {
    let arena = try MessageArena()
    let c = try arena.room(for: 1, Morlaif__Compiler__CodeGeneratorResponse.self)
    morlaif__compiler__code_generator_response__init(c)
    switch self {
    case .failure(let reason):
      c.pointee.error = try arena.identifier(reason, Self.name, "error")
    case .files(let files):
      c.pointee.n_file = files.count
      c.pointee.file = try arena.room(for: files.count, FilePointer.self)
      for (index, file) in files.enumerated() {
        let target = try arena.room(for: 1, Morlaif__Compiler__GeneratedFile.self)
        morlaif__compiler__generated_file__init(target)
        target.pointee.name = try arena.identifier(file.name, Self.name, "file.name")
        target.pointee.has_content = 1
        target.pointee.content = try arena.text(file.content)
        c.pointee.file[index] = target
      }
    }
    return try arena.withPacked(UnsafeRawPointer(c), Self.name) { [UInt8]($0) }
  }

  private static let name = "CodeGeneratorResponse"
  private typealias FilePointer = UnsafeMutablePointer<Morlaif__Compiler__GeneratedFile>?
}
