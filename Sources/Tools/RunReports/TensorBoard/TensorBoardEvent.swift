/// Bytes of TensorBoard event files (PEERS 2.10): protobuf events inside TFRecord frames.
///
/// The few fields of `tensorflow.Event` that we need are written by hand; the schema is not ours
/// and is frozen.
package enum TensorBoardEvent {
  /// The record that begins every file; `wallTime` is Unix time in seconds.
  package static func header(wallTime: Double) -> [UInt8] {
    // Event { double wall_time = 1; string file_version = 3; }
    frame(double(1, wallTime) + lengthDelimited(3, Array("brain.Event:2".utf8)))
  }

  /// The scalars and texts of one step.
  package static func step(
    _ values: [(tag: String, value: Double)],
    texts: [(tag: String, text: String)] = [],
    step: Int,
    wallTime: Double
  ) -> [UInt8] {
    // Summary { repeated Value { string tag = 1; float simple_value = 2; } value = 1; }
    var summary: [UInt8] = []
    for (tag, value) in values {
      let bits = Float(value).bitPattern
      let entry =
        lengthDelimited(1, Array(tag.utf8)) + [2 << 3 | 5] + littleEndian(UInt64(bits), 4)
      summary += lengthDelimited(1, entry)
    }
    for (tag, text) in texts { summary += lengthDelimited(1, textValue(tag, text)) }
    // Event { double wall_time = 1; int64 step = 2; Summary summary = 5; }
    return frame(
      double(1, wallTime) + [2 << 3] + variableLength(UInt64(bitPattern: Int64(step)))
        + lengthDelimited(5, summary)
    )
  }

  /// A text as the text plugin reads it: a tensor of one string.
  private static func textValue(_ tag: String, _ text: String) -> [UInt8] {
    // Value { string tag = 1; TensorProto tensor = 8; SummaryMetadata metadata = 9; }
    // SummaryMetadata { PluginData { string plugin_name = 1; } plugin_data = 1; }
    let metadata = lengthDelimited(1, lengthDelimited(1, Array("text".utf8)))
    // TensorProto { DataType dtype = 1; TensorShapeProto tensor_shape = 2; bytes string_val = 8; }
    // TensorShapeProto { Dim { int64 size = 1; } dim = 2; }
    let stringType: [UInt8] = [1 << 3, 7]
    let shape = lengthDelimited(2, lengthDelimited(2, [1 << 3, 1]))
    let tensor = stringType + shape + lengthDelimited(8, Array(text.utf8))
    return lengthDelimited(1, Array(tag.utf8)) + lengthDelimited(8, tensor)
      + lengthDelimited(9, metadata)
  }

  /// One TFRecord: length, checksum of the length, data, checksum of the data.
  static func frame(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count), 8)
    return length + littleEndian(UInt64(CRC32C.masked(length)), 4) + data
      + littleEndian(UInt64(CRC32C.masked(data)), 4)
  }

  private static func double(_ field: UInt8, _ value: Double) -> [UInt8] {
    [field << 3 | 1] + littleEndian(value.bitPattern, 8)
  }

  private static func lengthDelimited(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [field << 3 | 2] + variableLength(UInt64(bytes.count)) + bytes
  }

  private static func variableLength(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(truncatingIfNeeded: rest)]
  }

  private static func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}
