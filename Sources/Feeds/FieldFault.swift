/// Why a record is not an event: what becomes a `Reject` once its place and bytes are known.
struct FieldFault: Error {
  var code: RejectCode
  /// The contract field at fault.
  var field: EventField?
  /// The column at fault, where it is not the one that the field usually comes from.
  var columnName: String?
  var message: String
  /// Byte within the record from 1, where the fault has one.
  var column: Int?

  /// What a position calls the field.
  var place: String? { columnName ?? field?.rawValue }

  init(_ code: RejectCode, _ field: EventField?, _ message: String, column: Int? = nil) {
    self.code = code
    self.field = field
    self.message = message
    self.column = column
  }
}
