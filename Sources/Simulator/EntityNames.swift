/// Made-up names after the pattern of real ones: place, style, trade, form.
enum EntityNames {
  /// Characters of styles, among them some that older encodings lack.
  private static let styles = [
    "椰", "海", "盛", "昌", "嘉", "瑞", "恒", "华", "琼", "东", "鑫", "航", "天", "源", "宏", "泰", "顺", "丰", "兴", "隆", "昇",
    "文", "宝", "金", "永", "信", "和", "美", "润", "达",
  ]
  private static let rare = ["𣵦", "㛃", "䶮"]
  private static let companies = [
    "商贸", "农业开发", "建筑工程", "航天科技", "旅游服务", "物流", "水产养殖", "餐饮管理", "信息技术", "椰子食品", "房地产",
    "酒店管理", "文化传媒", "装饰工程",
  ]
  private static let shops = [
    "小吃店", "便利店", "鸡饭店", "理发店", "服装店", "水果店", "老爸茶店", "汽车维修部", "五金店", "民宿", "海鲜排档", "糕点坊",
  ]
  private static let produce = ["胡椒种植", "椰子种植", "文昌鸡养殖", "对虾养殖", "荔枝种植", "莲雾种植", "瓜菜"]

  static func name(of type: EntityType, town: String, _ random: inout RandomStream) -> String {
    let first = random.chance(15) ? rare[random.below(rare.count)] : styles[random.below(styles.count)]
    let style = first + styles[random.below(styles.count)]
    switch type {
    case .enterprise: return "文昌" + style + companies[random.below(companies.count)] + "有限公司"
    case .individual: return "文昌" + town + style + shops[random.below(shops.count)]
    case .cooperative: return "文昌" + town + style + produce[random.below(produce.count)] + "专业合作社"
    }
  }
}
