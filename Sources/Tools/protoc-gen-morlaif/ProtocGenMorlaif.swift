internal import Descriptors

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The protoc plugin: reads a request from standard input and writes a response to standard output.
///
/// `protoc --morlaif_out=DIR --morlaif_opt=messages,c_module=CMessages` writes values, and
/// `--morlaif_opt=services,messages_module=Messages` writes handler protocols, services and clients.
@main
enum ProtocGenMorlaif {
  static func main() {
    let response: PluginResponse
    do {
      let request = try PluginRequest(encoded: readAll(STDIN_FILENO))
      response = respond(to: request)
    } catch {
      writeAll(STDERR_FILENO, Array("protoc-gen-morlaif: \(error)\n".utf8))
      exit(1)
    }
    do {
      writeAll(STDOUT_FILENO, try response.encoded())
    } catch {
      writeAll(STDERR_FILENO, Array("protoc-gen-morlaif: \(error)\n".utf8))
      exit(1)
    }
  }

  /// Generates every requested file; a construct we do not support becomes the response's error.
  private static func respond(to request: PluginRequest) -> PluginResponse {
    do {
      let options = try GenerationOptions(parameter: request.parameter)
      let types = TypeIndex(request.files)
      var outputs: [GeneratedFile] = []
      for name in request.filesToGenerate {
        guard let file = request.files.first(where: { $0.name == name }) else {
          throw GenerationError(file: name, element: "", reason: "protoc did not send the file")
        }
        try FileValidator(file: file, types: types).validate()
        switch options.mode {
        case .messages:
          outputs += MessageFileGenerator(file: file, options: options).generate()
        case .services:
          outputs += ServiceFileGenerator(file: file, options: options)
            .generate(from: request.files)
        }
      }
      return .files(outputs)
    } catch let error as GenerationError {
      return .failure(error.description)
    } catch {
      return .failure("\(error)")
    }
  }

  private static func readAll(_ descriptor: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
    }
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
