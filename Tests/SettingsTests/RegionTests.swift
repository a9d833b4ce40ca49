import Foundation
import ServiceTime
import Testing

@testable import Settings

/// The names of regions: where they are found, and what is wrong with a file of them.
@Suite struct RegionTests {
  private static func text(_ regions: String) -> String { SmallPolicy().text + "\nregions: \(regions)\n" }

  private static func regions(_ list: String, _ files: [String: String] = [:]) throws -> [String] {
    try Reading.draft(text(list), files: files).policy.regions.map {
      "\($0.code) \($0.name)" + ($0.nameEN.map { " \($0)" } ?? "")
    }
  }

  @Test func shippedOnes() throws {
    let regions = try ShippedFilesTests.draft().policy.regions
    #expect(
      Dictionary(grouping: regions, by: \.code.count).mapValues(\.count) == [2: 1, 4: 5, 6: 26, 9: 17])
    let names = Dictionary(uniqueKeysWithValues: regions.map { ($0.code, $0.name) })
    for (code, name) in [
      ("46", "海南省"), ("4601", "海口市"), ("460108", "美兰区"), ("460205", "崖州区"), ("460303", "南沙区"),
      ("4604", "儋州市"), ("469005", "文昌市"), ("469030", "琼中黎族苗族自治县"), ("469005100", "文城镇"),
      ("469005109", "龙楼镇"), ("469005116", "公坡镇"),
    ] { #expect(names[code] == name) }
    // Whatever is not the province lies in something that is listed too.
    let parents = [4: 2, 6: 4, 9: 6]
    for region in regions where region.code.count > 2 {
      #expect(names[String(region.code.prefix(parents[region.code.count] ?? 0))] != nil, "\(region.code)")
    }
    #expect(regions.allSatisfy { $0.nameEN?.isEmpty == false })
    // Without the key the shipped file is meant; with an empty list none is.
    #expect(try Reading.draft(SmallPolicy().text).policy.regions == regions)
    #expect(try Reading.draft(RegionTests.text("[cn-46.csv]")).policy.regions == regions)
    #expect(try Reading.draft(RegionTests.text("cn-46.csv")).policy.regions == regions)
    #expect(try Reading.draft(RegionTests.text("[]")).policy.regions.isEmpty)
  }

  @Test func officesAddTheirOwn() throws {
    let own = "\u{FEFF}code,name\r\n# 社区\r\n469005100001, \"文南社区, 东\" \r\n\r\n469005100002,文新社区\r\n"
    let both = try RegionTests.regions("[cn-46.csv, communities.csv]", ["communities.csv": own])
    #expect(both.count == 51)
    #expect(both.suffix(2) == ["469005100001 文南社区, 东", "469005100002 文新社区"])
    #expect(
      try RegionTests.regions("[own.csv]", ["own.csv": "name_en,code,name\n,31,上海市\nBeijing,11,北京市\n"])
        == ["31 上海市", "11 北京市 Beijing"])
    // A file of the office's own by the shipped one's name is the office's.
    #expect(try RegionTests.regions("[cn-46.csv]", ["cn-46.csv": "code,name\n46,海南\n"]) == ["46 海南"])
  }

  @Test(arguments: [
    ("", "a.csv: holds no regions; begin with the line code,name,name_en"),
    ("code,nam\n", "a.csv:1: unknown column \"nam\"; did you mean \"name\"?"),
    ("code,name_en\n", "a.csv:1: the first line must name the columns: code,name,name_en"),
    ("code,name,code\n", "a.csv:1: the first line must name the columns: code,name,name_en"),
    ("code,name\n46\n", "a.csv:2: fewer cells than columns; write code,name,name_en"),
    ("code,name\n46,海南省,Hainan\n", "a.csv:2: more cells than columns; take a comma out"),
    ("code,name\n46,\"海南省\n", "a.csv:2: a quote is not closed; write \"…\" around a name with a comma"),
    ("code,name\n\n469,x\n", "a.csv:3: code: \"469\" is not a region's code; write 2, 4, 6, 9 or 12 digits"),
    (
      "code,name\n4.69005E+17,x\n",
      "a.csv:2: code: \"4.69005E+17\" is not a region's code; write 2, 4, 6, 9 or 12 digits"
    ),
    ("code,name\n４６,x\n", "a.csv:2: code: \"４６\" is not a region's code; write 2, 4, 6, 9 or 12 digits"),
    ("code,name\n46,\n", "a.csv:2: name: is empty; write the region's name"),
    ("code,name\n46,a\u{0}b\n", "a.csv:2: name: holds a control character; take it out"),
    ("code,name\n46,a\n4690,b\n46,c\n", "a.csv:4: code: 46 is already listed on line 2; keep one"),
  ])
  func wrongFiles(_ file: String, _ message: String) {
    #expect(Reading.faults(policy: RegionTests.text("a.csv"), files: ["a.csv": file]) == [message])
  }

  @Test(arguments: [
    ("[../etc]", "regions[1]: \"../etc\" is not the name of a region file; write a plain name such as cn-46.csv"),
    (
      "[b.csv]",
      "regions[1]: the region file b.csv is not there; put it beside the policy file or take it out of regions"
    ),
    ("[a.csv, a.csv]", "regions[2]: a.csv is named twice; keep one"),
    ("{}", "regions: expected a list like [a, b], found a mapping"),
  ])
  func wrongNames(_ list: String, _ message: String) {
    let faults = Reading.faults(policy: RegionTests.text(list), files: ["a.csv": "code,name\n46,海南省\n"])
    #expect(faults == ["policy.yaml:11: \(message)"])
  }

  /// All that is wrong in all files at once; a code of one file is not told again by another.
  @Test func allFaultsAtOnce() {
    let faults = Reading.faults(
      policy: RegionTests.text("[cn-46.csv, a.csv]"), files: ["a.csv": "code,name\n469005,文昌\n1,x\n46900510000,y\n"]
    )
    #expect(
      faults == [
        "a.csv:2: code: 469005 is already listed in cn-46.csv line 26; keep one",
        "a.csv:3: code: \"1\" is not a region's code; write 2, 4, 6, 9 or 12 digits",
        "a.csv:4: code: \"46900510000\" is not a region's code; write 2, 4, 6, 9 or 12 digits",
      ])
  }

  @Test func filesTravelWithThePolicy() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bizclock-regions-\(UUID().uuidString)")
    let below = folder.appending(path: "regions")
    try FileManager.default.createDirectory(at: below, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "policy.yaml").path
    func write(_ list: String) throws {
      try Data(RegionTests.text(list).utf8).write(to: URL(filePath: path))
    }
    try Data("code,name\n11,a".utf8).write(to: folder.appending(path: "a.csv"))
    try Data("code,name\n12,b".utf8).write(to: below.appending(path: "a.csv"))
    try Data("code,name\n13,c".utf8).write(to: below.appending(path: "b.csv"))
    try write("[a.csv, b.csv, cn-46.csv, d.csv]")
    let documents = try PolicyDocuments.read(path)
    #expect(documents.files.keys.sorted() == ["a.csv", "b.csv", "cn-46.csv"])
    #expect(documents.files["a.csv"] == "code,name\n11,a")
    #expect(documents.files["b.csv"] == "code,name\n13,c")
    #expect(try documents.files["cn-46.csv"] == Reading.text("deploy/regions/cn-46.csv"))
    #expect(
      Reading.lines { () throws(SettingsError) in _ = try PolicyDraft.parse(documents) } == [
        "\(path):11: regions[4]: the region file d.csv is not there; put it beside the policy file or take it out of "
          + "regions"
      ])
    // Beside the policy goes before the shipped one.
    try Data("code,name\n46,海南".utf8).write(to: below.appending(path: "cn-46.csv"))
    try write("[cn-46.csv]")
    #expect(try PolicyDraft.parse(PolicyDocuments.read(path)).policy.regions == [Region(code: "46", name: "海南")])
    // Without the key nothing travels: the shipped file comes with every program.
    try Data(SmallPolicy().text.utf8).write(to: URL(filePath: path))
    #expect(try PolicyDocuments.read(path).files.isEmpty)
    #expect(try PolicyDocuments.shipped().files["cn-46.csv"] == RegionReader.shipped("cn-46.csv"))
  }
}
