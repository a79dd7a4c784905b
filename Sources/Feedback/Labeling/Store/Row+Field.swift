internal import GRDB

extension Row {
  /// The value of a column, refused instead of trapped on when a damaged file holds another type.
  func field<Value: DatabaseValueConvertible>(_ name: String) throws -> Value {
    let stored: DatabaseValue = self[name]
    guard let value = Value.fromDatabaseValue(stored) else {
      throw DatabaseError(
        resultCode: .SQLITE_CORRUPT,
        message: "column \(name) holds an unexpected value"
      )
    }
    return value
  }

  /// The value of a column that may be NULL.
  func optionalField<Value: DatabaseValueConvertible>(_ name: String) throws -> Value? {
    let stored: DatabaseValue = self[name]
    return stored.isNull ? nil : try field(name)
  }
}
