internal import CRawTLS
internal import Certificates
internal import Foundation
internal import RPC

/// Certificates that live as long as the benchmark.
struct BenchmarkIdentity {
  /// Who the server is.
  static let server = "preference-model"
  /// Who the client is.
  static let client = "client"

  let directory: String

  /// Makes an authority and certificates in a new folder.
  static func make() throws -> BenchmarkIdentity {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("morlaif-benchmarks-\(UUID().uuidString)").path
    let folder = CertificateFolder(directory: directory, now: Int(Date().timeIntervalSince1970))
    _ = try folder.issue(hosts: [], force: true)
    return BenchmarkIdentity(directory: directory)
  }

  /// Removes the folder.
  func remove() throws { try FileManager.default.removeItem(atPath: directory) }

  /// One side's files for the RPC.
  func tls(of holder: String) -> TLSConfiguration {
    TLSConfiguration(
      certificatePath: "\(directory)/\(holder).pem",
      keyPath: "\(directory)/\(holder).key",
      caPath: "\(directory)/ca.pem"
    )
  }

  /// The same files for the floor.
  func withFiles<Result>(of holder: String, _ body: (raw_tls_files) -> Result) -> Result {
    "\(directory)/\(holder).pem".withCString { certificate in
      "\(directory)/\(holder).key".withCString { key in
        "\(directory)/ca.pem".withCString { authority in
          body(raw_tls_files(certificate: certificate, key: key, authority: authority))
        }
      }
    }
  }
}
