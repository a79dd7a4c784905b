package import JSON
package import ProtobufRuntime

// proto3's JSON mapping, with one addition: `bytes x_utf8` is text under the name `x`. Maps appear as
// the list of their pairs, and the types of google.protobuf as the plain messages they are.
extension DynamicSchema {
  /// Encodes JSON as a message.
  ///
  /// Fields go by their JSON name or the name in the `.proto`; 64-bit numbers may be strings; bytes
  /// are base64; enums go by name or number; `null` means absent.
  ///
  /// - Parameters:
  ///   - json: one JSON object.
  ///   - message: the message's full name.
  ///   - limits: most bytes and depth.
  /// - Returns: the encoded message.
  /// - Throws: `DynamicMessageError` that names the place in the text or the field.
  package func encode(
    json: String,
    as message: String,
    limits: DecodingLimits = .dynamic
  ) throws(DynamicMessageError) -> [UInt8] {
    let type = try type(message)
    guard json.utf8.count <= DynamicDecoder.textByteCountMax else {
      throw .limit(reason: "the JSON has more than \(DynamicDecoder.textByteCountMax) bytes")
    }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: json, rules: JSONRules(numbers: .asWritten))
    } catch {
      throw .json(line: error.line, column: error.column, reason: error.reason)
    }
    return try DynamicEncoder(schema: self, limits: limits).encode(value, as: type, depth: 1)
  }

  /// Writes an encoded message as JSON.
  ///
  /// - Parameters:
  ///   - bytes: the encoded message.
  ///   - message: its full name.
  ///   - style: the layout.
  ///   - includesDefaults: whether absent numbers, texts and lists are shown with their default.
  ///   - limits: most bytes and depth.
  /// - Returns: one JSON object.
  /// - Throws: `DynamicMessageError` that names the field.
  package func json(
    of bytes: [UInt8],
    as message: String,
    style: JSONStyle = .pretty,
    includesDefaults: Bool = false,
    limits: DecodingLimits = .dynamic
  ) throws(DynamicMessageError) -> String {
    let type = try type(message)
    guard bytes.count <= limits.byteCountMax else {
      throw .limit(reason: "\(message) has more than \(limits.byteCountMax) bytes")
    }
    var writer = JSONWriter(style: style)
    try DynamicDecoder(schema: self, limits: limits, includesDefaults: includesDefaults)
      .write(bytes[...], as: type, into: &writer, depth: 1)
    return writer.text
  }
}

extension DecodingLimits {
  /// For dynamic messages: 16 MiB, 32 deep.
  package static let dynamic = DecodingLimits(byteCountMax: 16 << 20)
}
