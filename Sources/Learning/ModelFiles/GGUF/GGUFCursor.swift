/// Reads the little-endian header of a GGUF file; every step is checked against the file's end.
struct GGUFCursor {
  /// The file's bytes.
  let bytes: UnsafeRawBufferPointer
  /// The file's path, for messages.
  let file: String
  /// The next byte to read.
  private(set) var offset = 0

  /// The bytes that are left of the file, or of what a header may have.
  var remaining: Int { min(bytes.count, Self.headerMax) - offset }

  /// The longest header that is read, in bytes; those of the largest models are a quarter of it.
  static let headerMax = 1 << 27
  /// The most items of one list and bytes of one text; the largest vocabularies are a tenth of it.
  static let countMax = 1 << 22

  /// Starts at the first byte.
  init(_ file: MappedFile) {
    bytes = file.bytes
    self.file = file.path
  }

  /// Reads one fixed-width integer.
  mutating func integer<T: FixedWidthInteger>(
    _ type: T.Type,
    _ what: String
  ) throws(ModelFileError) -> T {
    let size = MemoryLayout<T>.size
    guard remaining >= size else { throw truncated(what) }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: T.self)
    offset += size
    return T(littleEndian: value)
  }

  /// Reads a count and refuses it when that many items of `minimumSize` bytes cannot follow.
  mutating func count(minimumSize: Int, _ what: String) throws(ModelFileError) -> Int {
    let raw = try integer(UInt64.self, what)
    guard let count = Int(exactly: raw), count <= remaining / minimumSize else {
      throw .malformed(
        file: file,
        detail: "\(what) is \(raw), but only \(remaining) bytes follow"
      )
    }
    guard count <= Self.countMax else {
      throw .malformed(file: file, detail: "\(what) is \(raw), more than \(Self.countMax)")
    }
    return count
  }

  /// Reads a text: its length in bytes, then UTF-8.
  mutating func string(_ what: String) throws(ModelFileError) -> String {
    let count = try count(minimumSize: 1, "the length of \(what)")
    let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw .malformed(file: file, detail: "\(what) at byte \(offset) is not UTF-8")
    }
    offset += count
    return text
  }

  /// Reads a value whose type number has been read.
  mutating func value(type: UInt32, _ what: String) throws(ModelFileError) -> GGUFValue {
    switch type {
    case 0: return .unsigned(UInt64(try integer(UInt8.self, what)))
    case 1: return .signed(Int64(try integer(Int8.self, what)))
    case 2: return .unsigned(UInt64(try integer(UInt16.self, what)))
    case 3: return .signed(Int64(try integer(Int16.self, what)))
    case 4: return .unsigned(UInt64(try integer(UInt32.self, what)))
    case 5: return .signed(Int64(try integer(Int32.self, what)))
    case 6: return .float(Double(Float(bitPattern: try integer(UInt32.self, what))))
    case 7: return .bool(try integer(UInt8.self, what) != 0)
    case 8: return .string(try string(what))
    case 9: return try array(what)
    case 10: return .unsigned(try integer(UInt64.self, what))
    case 11: return .signed(try integer(Int64.self, what))
    case 12: return .float(Double(bitPattern: try integer(UInt64.self, what)))
    default: throw .malformed(file: file, detail: "\(what) has the unknown type \(type)")
    }
  }

  private mutating func array(_ what: String) throws(ModelFileError) -> GGUFValue {
    let type = try integer(UInt32.self, what)
    switch type {
    case 8:
      let count = try count(minimumSize: 8, "the number of elements of \(what)")
      var strings: [String] = []
      strings.reserveCapacity(count)
      for _ in 0..<count { strings.append(try string(what)) }
      return .strings(strings)
    case 9:
      throw .unsupported(file: file, detail: "\(what) is an array of arrays")
    default:
      let sizes: [UInt32: Int] = [
        0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8,
      ]
      guard let size = sizes[type] else {
        throw .malformed(file: file, detail: "\(what) has the unknown element type \(type)")
      }
      let count = try count(minimumSize: size, "the number of elements of \(what)")
      var values: [GGUFValue] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try value(type: type, what)) }
      return .numbers(values)
    }
  }

  /// The error for a file that ends too early.
  private func truncated(_ what: String) -> ModelFileError {
    bytes.count > Self.headerMax
      ? .malformed(file: file, detail: "its header is longer than \(Self.headerMax) bytes")
      : .malformed(file: file, detail: "it ends at byte \(bytes.count), inside \(what)")
  }
}
