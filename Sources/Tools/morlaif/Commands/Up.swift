internal import ArgumentParser
internal import Foundation
internal import Operations
internal import RunReports

/// `morlaif up`.
struct Up: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Starts the services as processes of this machine.",
    discussion: """
      Starts the programs found beside this one with NAME.yaml from the configuration folder and waits until each \
      answers over mutual TLS. Services that run already are left alone.

      Examples:
        morlaif up --model SmolLM2-135M-Instruct.Q4_1.gguf
        morlaif up scalarizer
        morlaif up --config compose/config --state /var/lib/morlaif
      """
  )

  @Argument(help: ArgumentHelp("Which services; all when none is named.", valueName: "service"))
  var services: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp("Folder with NAME.yaml for each service.", valueName: "folder")
  )
  var config = "compose/config"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "GGUF file or Hugging Face folder, as MORLAIF_MODEL for the services.",
      valueName: "path"
    )
  )
  var model: String?

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp(
      "Where a service shall listen instead of where its configuration says; may be repeated.",
      valueName: "name=host:port"
    )
  )
  var listen: [String] = []

  @Flag(name: .long, help: "Say nothing when all went well.")
  var quiet = false

  @OptionGroup var place: StateOptions

  func run() async throws {
    try await Diagnostics.report {
      let names = try ServiceChoice.names(services)
      let addresses = try ServiceEndpoint.all(changedBy: listen)
      let changed = addresses.filter { name, _ in
        listen.contains { $0.hasPrefix(name.rawValue + "=") }
      }
      let local = ServiceChoice.local(place, configuration: config, model: model)
      try await local.start(names, listen: changed) { name, outcome in
        guard !quiet else { return }
        switch outcome {
        case .started(let seconds):
          Output.note("\(name.rawValue): up after \(Figure.duration(seconds: seconds))")
        case .alreadyRunning: Output.note("\(name.rawValue): runs already")
        case .stopped, .notRunning: break
        }
      }
    }
  }
}

/// Which services a command means.
enum ServiceChoice {
  /// Services by name, in their own order; all when none is named.
  static func names(_ texts: [String]) throws -> [ServiceName] {
    let chosen = try texts.map { text in
      guard let name = ServiceName(rawValue: text) else {
        let known = ServiceName.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("There is no service '\(text)'; services are \(known).")
      }
      return name
    }
    return ServiceName.allCases.filter { chosen.isEmpty || chosen.contains($0) }
  }

  /// The services of this machine.
  static func local(
    _ place: StateOptions,
    configuration: String,
    model: String?
  ) -> LocalServices {
    var environment = Environment.all
    // Services run in this working directory too, but a path that survives is easier to find in a
    // log.
    environment["MORLAIF_CERTIFICATES"] =
      URL(fileURLWithPath: place.certificateFolder).standardizedFileURL.path
    if let model {
      environment["MORLAIF_MODEL"] = URL(fileURLWithPath: model).standardizedFileURL.path
    }
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    return LocalServices(
      state: place.stateFolder,
      certificates: place.certificateFolder,
      executables: URL(fileURLWithPath: program).deletingLastPathComponent().path,
      configuration: configuration,
      environment: environment,
      logger: Diagnostics.logger
    )
  }
}
