import ServiceTime
import Shipped

/// Reads the regions of a policy: from the files that its key `regions` names, without the key from the shipped one.
struct RegionReader {
  static let shippedFile = "cn-46.csv"

  let log: FaultLog
  let load: FileLoader

  /// The text of a region file that travels inside the program; nil if there is none of that name.
  static func shipped(_ name: String) -> String? { ShippedFiles.text("deploy/regions/\(name)") }

  /// All regions, each code once.
  func regions(_ field: Field?) -> [Region] {
    guard let field else {
      let name = RegionReader.shippedFile
      return unique(RegionFile(file: name, log: log).rows(RegionReader.shipped(name) ?? ""))
    }
    guard let items = field.itemsOrSelf() else { return [] }
    var rows: [RegionFile.Row] = []
    var names: Set<String> = []
    for item in items {
      guard let name = item.text(longest: 255) else { continue }
      guard names.insert(name).inserted else {
        item.fault("\(name) is named twice; keep one")
        continue
      }
      let text = item.fileText(
        name, is: "region file", under: "regions", example: RegionReader.shippedFile, load)
      if let text { rows += RegionFile(file: name, log: log).rows(text) }
    }
    return unique(rows)
  }

  private func unique(_ rows: [RegionFile.Row]) -> [Region] {
    var first: [String: Int] = [:]
    first.reserveCapacity(rows.count)
    var regions: [Region] = []
    regions.reserveCapacity(rows.count)
    for (index, row) in rows.enumerated() {
      if let other = first[row.region.code].map({ rows[$0] }) {
        let place = other.file == row.file ? "on line \(other.line)" : "in \(other.file) line \(other.line)"
        log.report(
          file: row.file, place: Place(line: row.line, column: row.column), path: "code",
          message: "\(row.region.code) is already listed \(place); keep one")
      } else {
        first[row.region.code] = index
        regions.append(row.region)
      }
    }
    return regions
  }
}
