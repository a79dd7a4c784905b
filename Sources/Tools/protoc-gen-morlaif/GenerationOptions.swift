/// What `--morlaif_opt` asks for.
struct GenerationOptions {
  /// The two kinds of output, which live in two modules.
  enum Mode {
    case messages
    case services
  }

  var mode: Mode = .messages
  /// Module of protoc-c's output.
  var cModule = "CMessages"
  /// Module of the generated values.
  var messagesModule = "Messages"

  /// Reads `messages|services[,c_module=NAME][,messages_module=NAME]`.
  init(parameter: String) throws(GenerationError) {
    for part in parameter.split(separator: ",") {
      let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
      switch (pair.first ?? "", pair.count) {
      case ("messages", 1): mode = .messages
      case ("services", 1): mode = .services
      case ("c_module", 2): cModule = pair[1]
      case ("messages_module", 2): messagesModule = pair[1]
      default:
        throw GenerationError(file: "", element: "", reason: "unknown option '\(part)'")
      }
    }
  }
}
