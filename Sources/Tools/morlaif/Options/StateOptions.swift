internal import ArgumentParser
internal import Foundation
internal import Operations

/// Where services started on this machine keep their files.
struct StateOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Folder for data, logs and process files of services on this machine.",
      discussion: "The default is ~/.local/state/morlaif.",
      valueName: "folder"
    )
  )
  var state: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Folder with ca.pem, client.pem and client.key.",
      discussion: "The default is $MORLAIF_CERTIFICATES, or certificates in the state folder.",
      valueName: "folder"
    )
  )
  var certificates: String?

  var stateFolder: StateFolder {
    StateFolder(path: state ?? Environment.home + "/.local/state/morlaif")
  }

  var certificateFolder: String {
    certificates ?? Environment["MORLAIF_CERTIFICATES"] ?? stateFolder.certificates
  }

  /// The folder of certificates, which must hold the client's.
  func clientCertificates() throws -> String {
    let folder = certificateFolder
    guard FileManager.default.fileExists(atPath: folder + "/client.pem") else {
      throw OperationsError.input(
        "there is no client.pem in \(folder); make certificates with: morlaif certificates --directory \(folder)"
      )
    }
    return folder
  }
}

/// Where services are.
struct ConnectionOptions: ParsableArguments {
  @OptionGroup var place: StateOptions

  @Option(
    name: .long,
    parsing: .singleValue,
    help: ArgumentHelp(
      "Where a service is, as in scalarizer=10.0.0.7:7103; may be repeated.",
      discussion:
        "Services are labeler, preference-model, scalarizer and policy-trainer. Those not named are where 'up' started them, or at 127.0.0.1:7101 to 7104.",
      valueName: "name=host:port"
    )
  )
  var endpoint: [String] = []

  /// Clients of the four services.
  func connect() throws -> ServiceConnections {
    ServiceConnections(
      endpoints: try place.stateFolder.endpoints(changedBy: endpoint),
      certificates: try place.clientCertificates(),
      logger: Diagnostics.logger
    )
  }

  /// Gives clients to a body and closes them whatever happens.
  func withConnections<Result>(
    _ body: (ServiceConnections) async throws -> Result
  ) async throws -> Result {
    let connections = try connect()
    do {
      let result = try await body(connections)
      await connections.close()
      return result
    } catch {
      await connections.close()
      throw error
    }
  }
}
