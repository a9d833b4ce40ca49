import ArgumentParser
import Daemon
import Foundation

/// Reads small JSON documents of the command line.
enum JSONReader {
  static func read(_ text: String) throws -> JSONText {
    guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed]) else {
      throw ValidationError("is not JSON")
    }
    return convert(value)
  }

  private static func convert(_ value: Any) -> JSONText {
    switch value {
    case let text as String: return .text(text)
    case let values as [Any]: return .array(values.map(convert))
    case let members as [String: Any]: return .object(members.map { ($0.key, convert($0.value)) })
    // A number to Foundation, too.
    case let flag as NSNumber where String(cString: flag.objCType) == "c": return .bool(flag.boolValue)
    case let number as NSNumber: return .number(number.doubleValue)
    default: return .null
    }
  }
}
