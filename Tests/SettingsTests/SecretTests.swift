import Testing

@testable import Settings

/// Passwords are never told.
@Suite struct SecretTests {
  @Test(arguments: [
    ("host=/run dbname=b user=u password=hunter2", "host=/run dbname=b user=u"),
    ("password='hunter2' host = 'a b'", "host=a b"), ("PASSWORD=hunter2", "(libpq's defaults)"),
    ("host=h options='-c x=hunter2' sslpassword=hunter2", "host=h"),
    ("dbname='password=hunter2'", "(libpq's defaults)"),
    ("dbname=postgresql://u:hunter2@h/d", "(libpq's defaults)"), ("hunter2", "(conninfo)"),
    ("a='hunter2", "(conninfo)"),
    ("postgresql://u:hunter2@h:5432/d?sslmode=require", "postgresql://h:5432/d"),
    ("postgresql://h/d?password=hunter2", "postgresql://h/d"), ("postgres://u:hun@ter2@h/d", "postgres://h/d"),
    ("postgresql://u:hunter2?x@h/d", "postgresql://…"), ("postgresql://h/d?password=x@hunter2", "postgresql://…"),
    ("", "(libpq's defaults)"),
  ])
  func conninfos(_ text: String, _ shown: String) {
    let location = DatabaseLocation.conninfo(text)
    #expect(location.description == shown)
    var dumped = ""
    dump(location, to: &dumped)
    let feed = FeedSettings(name: "a", source: "b", database: location)
    let configuration = Configuration(database: location, feeds: [feed])
    for told in [
      "\(location)", String(reflecting: location), dumped, "\(feed)", "\(configuration)",
      String(reflecting: configuration),
    ] {
      #expect(!told.contains("hunter2"))
      #expect(!told.contains("ter2"))
    }
  }

  /// Whatever is wrong around a password, no fault repeats it.
  @Test(arguments: [
    "database: \"host=/run password=hunter2 x\"", "database: [host=/run, password=hunter2]",
    "database: { host: /run, password: hunter2 }", "database: host=/run password=hunter2: x",
    "database: \"host=/run password='hunter2\"", "databse: host=/run password=hunter2",
    "database:\n  host=/run password=hunter2: x", "host=/run password=hunter2: x", "- password=hunter2",
    "password=hunter2: a\npassword=hunter2: b", "database: private\ndatabase: password=hunter2",
    "postgresql://u:hunter2@h/d: x", "database: \"password=hunter2", "database: 'a\n\tpassword=hunter2",
    "database: &a password=hunter2\nhttp: *a", "database: !!binary password=hunter2",
    "database: private\nfeeds: [{ name: x, source: y, kind: exchange, database: hunter2 }]",
    "database: private\nfeeds: [{ name: x, source: y, kind: exchange, database: [hunter2] }]",
    "database: password=hunter2\u{1}", "database: private\nhunter2=: { a: }",
  ])
  func faults(_ text: String) {
    let faults = Reading.faults(configuration: text)
    #expect(text.hasPrefix("database: !!binary") || !faults.isEmpty)
    for fault in faults { #expect(!fault.contains("hunter2"), "\(fault)") }
    for fault in Reading.faults(configuration: nil, environment: ["BIZCLOCK_DATABASE": text]) {
      #expect(!fault.contains("hunter2"), "\(fault)")
    }
  }
}
