internal import Foundation
internal import Tensors

/// Where the time of one piece of work goes.
struct ModelProfile {
  /// What was done.
  let title: String
  /// How long it took, in seconds on the clock.
  let seconds: Double
  /// What each kind of work took of it.
  let entries: [WorkKind: WorkProfile.Entry]

  /// The profile as lines with aligned columns, the longest kind first; what no kind accounts for
  /// is threads waiting for each other, and work that is not measured.
  var lines: [String] {
    let sorted = entries.sorted { $0.value.seconds > $1.value.seconds }
    let rest = seconds - sorted.reduce(0) { $0 + $1.value.seconds }
    let rows = sorted.map { kind, entry in
      line(kind.rawValue, seconds: entry.seconds, operations: entry.operations)
    }
    let head = Self.columns(title, "ms", "share", "GFLOP/s")
    let total = entries.values.reduce(0) { $0 + $1.operations }
    return [head] + rows + [
      line("waiting and the rest", seconds: rest, operations: 0),
      line("all", seconds: seconds, operations: total),
    ]
  }

  private func line(_ name: String, seconds part: Double, operations: Int) -> String {
    Self.columns(
      "  " + name,
      String(format: "%.1f", part * 1e3),
      String(format: "%.1f %%", part / seconds * 100),
      operations > 0 ? String(format: "%.0f", Double(operations) / part * 1e-9) : ""
    )
  }

  private static func columns(_ name: String, _ cells: String...) -> String {
    let title = name + String(repeating: " ", count: max(0, 24 - name.count))
    return cells.reduce(title) { line, cell in
      line + String(repeating: " ", count: max(0, 10 - cell.count)) + cell
    }
  }
}
