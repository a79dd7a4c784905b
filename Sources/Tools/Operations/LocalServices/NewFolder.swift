internal import ServiceKit

/// Makes folders where they are missing.
enum NewFolder {
  /// Makes folders and their parents.
  ///
  /// - Throws: `failed` with the folder and the system's reason.
  static func make(_ paths: [String]) throws(OperationsError) {
    for path in paths {
      do throws(ServiceKitError) {
        try DurableFile.makeFolder(path)
      } catch {
        guard case .storage(_, let reason) = error else { throw .failed("\(error)") }
        throw .failed("the folder \(path) \(reason)")
      }
    }
  }
}
