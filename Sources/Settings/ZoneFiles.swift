import ServiceTime

/// Reads time zones from the system's zone database.
public enum ZoneFiles {
  /// Where the zone database is looked for.
  public static let directory = "/usr/share/zoneinfo"

  /// Why a zone could not be had.
  public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String
  }

  /// The table of an IANA zone such as `Asia/Shanghai`.
  public static func load(_ name: String, directory: String = ZoneFiles.directory) throws(Failure) -> TimeZoneTable
  {
    guard isName(name) else {
      throw Failure(description: "\"\(name)\" is not the name of a time zone; write for example Asia/Shanghai")
    }
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read("\(directory)/\(name)", limit: 1 << 20)
    } catch {
      guard error.isMissing else {
        throw Failure(description: "the time zone \(name) cannot be read from \(directory): \(error)")
      }
      if (try? FileBytes.read("\(directory)/Asia/Shanghai", limit: 1 << 20)) == nil {
        throw Failure(
          description: "the time zone \(name) cannot be read: \(directory) is missing; install the package tzdata")
      }
      throw Failure(
        description: "there is no time zone \(name) in \(directory); check its spelling "
          + "(on Debian older names are in the package tzdata-legacy)")
    }
    guard let table = TimeZoneTable(name: name, tzif: bytes) else {
      throw Failure(description: "\(directory)/\(name) is not a time zone file; install the package tzdata again")
    }
    return table
  }

  /// The tables of all zones that calendars name.
  public static func load(
    for calendars: [CalendarDefinition], directory: String = ZoneFiles.directory
  ) throws(Failure) -> [String: TimeZoneTable] {
    var tables: [String: TimeZoneTable] = [:]
    for name in Set(calendars.compactMap(\.timeZone)).sorted() {
      tables[name] = try load(name, directory: directory)
    }
    return tables
  }

  /// Why a zone cannot be used; nil if it can.
  public static func problem(_ name: String) -> String? {
    do {
      _ = try load(name)
      return nil
    } catch {
      return error.description
    }
  }

  /// Whether a text may be a zone's name: `[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*`, so it leads nowhere else.
  static func isName(_ name: String) -> Bool {
    name.utf8.count <= 64
      && name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty
          && part.allSatisfy { byte in
            (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39
              || byte == 0x5F || byte == 0x2B || byte == 0x2D
          }
      }
  }
}
