internal import Tensors

/// Memory that one shard's pass through the layers uses again in every layer.
final class Workspace {
  /// What a piece of memory is for.
  enum Purpose: Int, CaseIterable {
    case normed
    case normedRows
    case joint
    case rows
    case attended
    case gateUp
    case activated
    case scales
    case lowRank
    case branch
    case branchNormed
    case branchScales
    case headScales
    case gradient
    case gradientJoint
    case gradientActivated
    case gradientLowRank
    case gradientBranch
    case gradientHeads
  }

  /// Where the time of the pass is added up, if anyone wants to know.
  let profile: WorkProfile?
  private var buffers: [FloatBuffer?] = Array(repeating: nil, count: Purpose.allCases.count)

  /// Starts with no memory.
  init(profile: WorkProfile? = nil) { self.profile = profile }

  /// A tile of undefined content; the last one of the same purpose must be done with.
  func tile(_ purpose: Purpose, rows: Int, columns: Int) -> Tile {
    let count = rows * columns
    if let buffer = buffers[purpose.rawValue], buffer.count >= count {
      return Tile(buffer: buffer, offset: 0, rows: rows, columns: columns, stride: columns)
    }
    let buffer = FloatBuffer(count: count, zeroed: false)
    buffers[purpose.rawValue] = buffer
    return Tile(buffer: buffer, offset: 0, rows: rows, columns: columns, stride: columns)
  }
}
