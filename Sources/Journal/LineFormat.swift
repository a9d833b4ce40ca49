/// Renders a record as one line of UTF-8, without the newline that ends it and without any other newline.
protocol LineFormat: Sendable {
  func append(_ record: LogRecord, to line: inout [UInt8])
}
