package import ArgumentParser

/// The options that the four service executables share.
package struct ServiceOptions: ParsableArguments, Sendable {
  /// Path of the configuration file.
  @Option(name: .long, help: "Configuration file (YAML).")
  package var config: String

  /// Path of the data folder.
  @Option(name: .long, help: "Data folder, instead of the configuration's.")
  package var data: String?

  /// Address to listen on.
  @Option(name: .long, help: "Address HOST:PORT to listen on, instead of the configuration's.")
  package var listen: String?

  /// Path of the ready file.
  @Option(
    name: .long,
    help:
      "File to write one JSON line {service, version, host, port, pid} to once connections are accepted."
  )
  package var readyFile: String?

  /// Makes empty options for the parser.
  package init() {}

  /// Makes options in code.
  package init(config: String, data: String?, listen: String?, readyFile: String?) {
    self.init()
    self.config = config
    self.data = data
    self.listen = listen
    self.readyFile = readyFile
  }
}
