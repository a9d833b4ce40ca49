/// What columns are usually called, for suggestions: the contract's own names and those of Chinese offices.
enum ColumnNames {
  /// The names by which a field's column goes, most telling first.
  static let fields: [(field: EventField, names: [String])] = [
    (
      .caseID,
      [
        "办件编号", "办件号", "受理编号", "受理号", "业务流水号", "办件流水号", "申办流水号", "申请流水号", "流水号", "业务编号", "业务号",
        "案件编号", "申报号", "申请编号", "申请单号", "项目编号", "项目编码", "project_no", "case_no", "case_number", "caseid",
      ]
    ),
    (.eventID, ["事件编号", "事件id", "记录编号", "eventid"]),
    (.process, ["事项", "事项名称", "办理事项", "业务类型", "事项类型", "业务名称", "task_name"]),
    (.region, ["行政区划代码", "区划代码", "行政区划", "区划", "所属区划", "区域代码", "region_code"]),
    (.grid, ["网格", "居民小组", "网格编号", "所属网格"]),
    (.serviceWindow, ["窗口", "受理窗口", "窗口号", "窗口编号", "窗口名称", "办理窗口", "window"]),
    (.channel, ["渠道", "办理渠道", "申报渠道", "申请渠道", "申请方式", "受理方式", "办理方式", "申报来源", "来源渠道"]),
    (
      .entityName,
      [
        "企业名称", "主体名称", "市场主体名称", "经营主体名称", "单位名称", "申请单位", "申请人名称", "申请人", "名称", "company",
        "applyer_name",
      ]
    ),
    (.entityType, ["主体类型", "市场主体类型", "经营主体类型", "企业类型"]),
    (.uscc, ["统一社会信用代码", "社会信用代码", "统一信用代码", "信用代码", "credit_code"]),
    (.tags, ["标签", "标记"]),
  ]

  /// Columns that say what happened, and which step.
  static let type = ["环节", "办理环节", "环节名称", "当前环节", "事件", "事件类型", "动作", "操作", "状态", "办件状态", "办理状态", "event"]

  /// Columns of the time of one event.
  static let time = ["时间", "发生时间", "环节时间", "办理时间", "操作时间", "处理时间", "时间戳", "time", "timestamp", "datetime"]

  /// Columns of the time of one kind of event in a table of one row a case.
  static let milestones: [(type: String, names: [String])] = [
    ("submitted", ["申请时间", "申报时间", "提交时间", "收件时间", "申请日期", "申报日期", "apply_date", "apply_time"]),
    ("accepted", ["受理时间", "受理日期", "accept_date", "accept_time"]),
    ("correction_requested", ["补正时间", "补正告知时间", "补正通知时间", "告知补正时间"]),
    ("correction_received", ["补正完成时间", "补齐时间", "补正受理时间", "材料补齐时间"]),
    ("suspended", ["特别程序开始时间", "挂起时间", "暂停时间"]),
    ("resumed", ["特别程序结束时间", "恢复时间", "解挂时间"]),
    ("notice_published", ["公示开始时间", "公告开始时间", "公示时间", "公告时间"]),
    ("notice_ended", ["公示结束时间", "公告结束时间", "公示期满时间"]),
    ("rejected", ["不予受理时间", "驳回时间", "退件时间"]),
    ("completed", ["办结时间", "办结日期", "完成时间", "完结时间", "办理完成时间", "result_date", "finish_time"]),
    ("withdrawn", ["撤回时间", "撤件时间", "撤销时间"]),
  ]

  /// What values mean, by field.
  static let values: [EventField: [String: String]] = [
    .type: [
      "申请": "submitted", "申报": "submitted", "提交": "submitted", "收件": "submitted", "受理": "accepted",
      "已受理": "accepted",
      "补正": "correction_requested", "补正告知": "correction_requested", "补正通知": "correction_requested",
      "补正完成": "correction_received", "材料补齐": "correction_received", "挂起": "suspended", "暂停": "suspended",
      "特别程序": "suspended", "恢复": "resumed", "公示": "notice_published", "公告": "notice_published",
      "公示结束": "notice_ended", "公示期满": "notice_ended", "异议": "objection_raised", "不予受理": "rejected",
      "驳回": "rejected", "退件": "rejected", "办结": "completed", "已办结": "completed", "完成": "completed",
      "撤回": "withdrawn", "撤件": "withdrawn",
    ],
    .step: [
      "营业执照": "licence", "执照": "licence", "公章": "seal", "刻章": "seal", "公章刻制": "seal", "税务": "tax", "税务发票": "tax",
      "发票": "tax", "社保": "social_insurance", "社会保险": "social_insurance", "医保": "medical_insurance",
      "医疗保险": "medical_insurance", "公积金": "housing_fund", "住房公积金": "housing_fund", "银行": "bank", "银行开户": "bank",
    ],
    .process: [
      "企业开办": "opening", "开办": "opening", "企业设立": "opening", "企业设立登记": "opening", "设立登记": "opening",
      "企业注销": "deregistration", "注销": "deregistration", "注销登记": "deregistration", "简易注销": "deregistration",
    ],
    .channel: [
      "网上": "online", "线上": "online", "网上办理": "online", "全程网办": "online", "窗口": "window", "线下": "window",
      "现场": "window", "大厅": "window", "窗口办理": "window", "自助": "self_service", "自助机": "self_service",
      "自助终端": "self_service",
    ],
    .entityType: [
      "企业": "enterprise", "公司": "enterprise", "有限责任公司": "enterprise", "个体工商户": "individual", "个体": "individual",
      "农民专业合作社": "cooperative", "合作社": "cooperative",
    ],
  ]

  /// A column's name as the lists have it: small letters, without blanks, stars, colons and what stands in brackets.
  static func plain(_ name: String) -> String {
    var out = ""
    var depth = 0
    for scalar in name.lowercased().unicodeScalars {
      switch scalar {
      case "(", "（", "[", "【": depth += 1
      case ")", "）", "]", "】": depth = max(0, depth - 1)
      case "*", ":", "：", "　", "\u{A0}": break
      default: if depth == 0, !scalar.properties.isWhitespace { out.unicodeScalars.append(scalar) }
      }
    }
    return out
  }
}
