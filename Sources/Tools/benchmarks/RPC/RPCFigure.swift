internal import Foundation
internal import JSON

/// One measured line, for people and for programs.
struct RPCFigure {
  /// As JSON, numbers with their units in their names.
  let json: JSONValue
  /// What was measured, our figure, the floor's, and how they compare.
  private let cells: [String]

  /// Unary calls.
  static func unary(inFlight: Int, _ ours: Sample, _ floor: Sample) -> RPCFigure {
    let p50 = ours.quantile(0.5)
    let floorP50 = floor.quantile(0.5)
    return RPCFigure(
      name: "unary",
      members: [
        ("in_flight", .integer(inFlight)), ("calls_per_s", rounded(ours.perSecond)),
        ("p50_us", rounded(p50)), ("p99_us", rounded(ours.quantile(0.99))),
        ("floor_p50_us", rounded(floorP50)), ("floor_msgs_per_s", rounded(floor.perSecond)),
        ("processor_us", hundredths(ours.processorMicroseconds)),
        ("floor_processor_us", hundredths(floor.processorMicroseconds)),
      ],
      cells: [
        "unary, \(inFlight) in flight", "\(whole(ours.perSecond)) calls/s",
        "\(whole(floor.perSecond))", percent(ours.perSecond, of: floor.perSecond),
        "\(decimal(p50)) / \(decimal(ours.quantile(0.99)))",
        decimal(floorP50), "\(decimal(p50 / max(floorP50, 0.001))) x",
        "\(decimal(ours.processorMicroseconds)) / \(decimal(floor.processorMicroseconds))",
      ]
    )
  }

  /// Messages of one stream.
  static func serverStreaming(_ ours: Sample, _ floor: Sample) -> RPCFigure {
    RPCFigure(
      name: "server_streaming",
      members: [
        ("messages_per_s", rounded(ours.perSecond)),
        ("floor_msgs_per_s", rounded(floor.perSecond)),
      ],
      cells: [
        "server streaming", "\(whole(ours.perSecond)) messages/s", "\(whole(floor.perSecond))",
        percent(ours.perSecond, of: floor.perSecond),
      ]
    )
  }

  /// Messages near the limit.
  static func largeMessage(byteCount: Int, _ ours: Sample, _ floor: Sample) -> RPCFigure {
    let rate = ours.perSecond * Double(byteCount)
    let floorRate = floor.perSecond * Double(byteCount)
    return RPCFigure(
      name: "large_message",
      members: [
        ("bytes", .integer(byteCount)), ("bytes_per_s", rounded(rate)),
        ("p50_us", rounded(ours.quantile(0.5))), ("floor_p50_us", rounded(floor.quantile(0.5))),
        ("floor_bytes_per_s", rounded(floorRate)),
      ],
      cells: [
        "messages of 64 MiB", "\(whole(rate / 1e6)) MB/s", "\(whole(floorRate / 1e6))",
        percent(rate, of: floorRate),
      ]
    )
  }

  /// Connections one after another.
  static func connecting(_ ours: Sample, _ floor: Sample) -> RPCFigure {
    RPCFigure(
      name: "connecting",
      members: [
        ("connections_per_s", rounded(ours.perSecond)), ("p50_us", rounded(ours.quantile(0.5))),
        ("p99_us", rounded(ours.quantile(0.99))), ("floor_p50_us", rounded(floor.quantile(0.5))),
        ("floor_connections_per_s", rounded(floor.perSecond)),
      ],
      cells: [
        "connect and call once", "\(whole(ours.perSecond)) connections/s",
        "\(whole(floor.perSecond))", percent(ours.perSecond, of: floor.perSecond),
        "\(decimal(ours.quantile(0.5))) / \(decimal(ours.quantile(0.99)))",
        decimal(floor.quantile(0.5)),
      ]
    )
  }

  /// Connections that do nothing, and calls beside them.
  static func idle(
    connectionCount: Int,
    bytesPerConnection: Int,
    _ beside: Sample
  ) -> RPCFigure {
    RPCFigure(
      name: "idle",
      members: [
        ("connections", .integer(connectionCount)),
        ("bytes_per_connection", .integer(bytesPerConnection)),
        ("p50_us", rounded(beside.quantile(0.5))), ("p99_us", rounded(beside.quantile(0.99))),
      ],
      cells: [
        "\(connectionCount) idle connections",
        "\(decimal(Double(bytesPerConnection) / 1_024)) KiB each", "", "",
        "\(decimal(beside.quantile(0.5))) / \(decimal(beside.quantile(0.99)))",
      ]
    )
  }

  /// All figures as lines with aligned columns, a header first.
  static func table(_ figures: [RPCFigure]) -> [String] {
    let header = ["", "ours", "floor", "", "p50 / p99 us", "floor p50 us", "", "CPU us / floor"]
    let rows = [header] + figures.map(\.cells)
    let widths = header.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + space : space + cell
      }.joined(separator: "  ")
    }
  }

  private init(name: String, members: [(String, JSONValue)], cells: [String]) {
    let all = [("name", JSONValue.string(name))] + members
    self.json = .object(all.map { JSONMember($0.0, $0.1) })
    self.cells = cells
  }

  private static func rounded(_ value: Double) -> JSONValue {
    .number((value * 10).rounded() / 10)
  }

  private static func hundredths(_ value: Double) -> JSONValue {
    .number((value * 100).rounded() / 100)
  }

  private static func whole(_ value: Double) -> String { String(format: "%.0f", value) }

  private static func decimal(_ value: Double) -> String { String(format: "%.1f", value) }

  private static func percent(_ value: Double, of whole: Double) -> String {
    whole > 0 ? String(format: "%.0f %%", 100 * value / whole) : ""
  }
}
