/// The service grid of Wenchang: towns, communities and residents' groups (镇–社区–居民小组).
///
/// Town codes are those of the statistics; the communities and their codes are invented after their pattern.
enum Wenchang {
  /// A community and its groups.
  struct Community: Sendable {
    /// Statistics code of 12 digits.
    let code: String
    /// Names of its residents' groups.
    let groups: [String]
  }

  /// A town.
  struct Town: Sendable {
    /// Statistics code of 9 digits.
    let code: String
    let name: String
    let communities: [Community]
    let windows: [String]
  }

  private static let names = [
    "文城", "重兴", "蓬莱", "会文", "东路", "潭牛", "东阁", "文教", "东郊", "龙楼", "昌洒", "翁田", "抱罗", "冯坡",
    "锦山", "铺前", "公坡",
  ]

  /// How many of a hundred and more applicants live in each town.
  static let weights = [42, 3, 4, 8, 3, 5, 3, 4, 7, 8, 3, 4, 4, 3, 7, 8, 2]

  static let towns: [Town] = names.enumerated().map { index, name in
    let code = "469005" + DecimalDigits.text(100 + index)
    let isSeat = index == 0
    return Town(
      code: code, name: name,
      communities: communities(town: name, code: code, urban: isSeat ? 8 : 1, rural: isSeat ? 8 : 6),
      windows: (1...(isSeat ? 12 : 3)).map {
        (isSeat ? "文昌市政务服务中心" : name + "镇便民服务中心") + DecimalDigits.text($0) + "号窗口"
      })
  }

  private static let villages = [
    "文南", "文新", "文东", "清群", "霞场", "横山", "南阳", "迈号", "头苑", "水北", "玉山", "宝藏", "湖山", "良田", "新桥",
    "下山", "红旗", "大城", "美兰", "葫芦", "排城", "坑尾", "凤会", "冠南", "福绵",
  ]

  private static func communities(town: String, code: String, urban: Int, rural: Int) -> [Community] {
    (0..<urban + rural).map { index in
      let isUrban = index < urban
      let number = isUrban ? index + 1 : 200 + index - urban
      // Another beginning for every town, so that neighbours do not share all names.
      let offset = town.unicodeScalars.reduce(0) { $0 + Int($1.value) }
      let village = villages[(offset + index) % villages.count]
      let place = town + "镇" + village + (isUrban ? "社区第" : "村第")
      return Community(
        code: code + DecimalDigits.text(number, width: 3),
        groups: (1...9).map { place + DecimalDigits.text($0) + (isUrban ? "居民小组" : "村民小组") })
    }
  }
}
