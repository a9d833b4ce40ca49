/// What to do about a fault, by its reject code.
enum QuarantineRemedy {
  /// What to do about a row of an exchange database.
  static func row(_ code: String) -> String {
    switch code {
    case "future_time": "Have the clock of who writes there set right; once the time has come, the row is taken in."
    case "unknown_process", "conflict": text(code)
    default:
      "If the feed's tasks, steps, results or mapping lack it, add it there and retry; else have the row corrected in the "
        + "exchange database: read well, it closes this entry, unless its row_guid was at fault; then discard it."
    }
  }

  static func text(_ code: String) -> String {
    switch code {
    case "bad_encoding":
      "Set the feed's encoding if it is GB18030 and retry; else have the file saved as UTF-8, hand it over again, and "
        + "discard this entry."
    case "bad_json": "Have the sender write one JSON object a line, hand it over again, and discard this entry."
    case "bad_csv":
      "If the feed's delimiter or the header is at fault, correct the feed or its mapping and retry; else have the row "
        + "quoted as RFC 4180 says, hand the file over again, and discard this entry."
    case "too_large": "Split the line at its source, hand the file over again, and discard this entry."
    case "missing_field":
      "Give the feed a mapping for the column that holds the field, or a default, and retry; else have it filled in at "
        + "the source, hand it over again, and discard this entry."
    case "bad_field":
      "Map the value in the feed's mapping (values) and retry; else have it corrected at the source, hand it over "
        + "again, and discard this entry."
    case "bad_time":
      "Give the feed a time_zone if the time lacks its offset, and retry; else have it corrected at the source, hand it "
        + "over again, and discard this entry."
    case "future_time":
      "Set the sender's clock or the feed's time_zone right; once the time has come, a retry takes it in."
    case "unknown_process":
      "Name the process in a commitment of the policy and apply it, or map it in the feed's mapping; then retry."
    case "corrupt_number":
      "The digits are gone: export the table again with the column formatted as text, hand it over again, and discard "
        + "this entry."
    case "conflict":
      "The ledger keeps what came first under an id, also once it is voided. Send the correction under an id of its own "
        + "and an event of type voided for the earlier one; then discard this entry."
    default: "Correct it at the source, hand it over again, and discard this entry."
    }
  }
}
