internal import Foundation
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

  /// The UTF-8 text of a blob column.
  func textField(_ name: String) throws -> String {
    let bytes: Data = try field(name)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "column \(name) is not UTF-8")
    }
    return text
  }

  /// The value of a column that may be NULL.
  func optionalField<Value: DatabaseValueConvertible>(_ name: String) throws -> Value? {
    let stored: DatabaseValue = self[name]
    return stored.isNull ? nil : try field(name)
  }
}
