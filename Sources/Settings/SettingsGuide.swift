/// What each key of the settings files means: the one source of the manual pages bizclock.yaml(5) and
/// bizclock-policy(5). A test holds it against the keys that the readers take.
public struct SettingsGuide: Sendable {
  /// Keys of one mapping.
  public struct Section: Sendable {
    /// Where the mapping is, e.g. `feeds[]`; empty for the file itself.
    public var path: String
    /// What it is about; may be empty.
    public var about: String
    /// Its keys in the order in which they are best read.
    public var keys: [(name: String, meaning: String)]
  }

  /// The page's name, e.g. `bizclock.yaml`.
  public var name: String
  /// What the file is, in a few words.
  public var summary: String
  /// What must be known first.
  public var about: [String]
  /// Its mappings, the file's own first.
  public var sections: [Section]
  /// An example.
  public var example: String

  /// The configuration of the daemon.
  public static let configuration = SettingsGuide(
    name: "bizclock.yaml", summary: "configuration of the bizclock daemon",
    about: [
      "/etc/bizclock/bizclock.yaml, or the file that --config or BIZCLOCK_CONFIG names, in YAML. Unknown keys are "
        + "errors; all faults are listed with their lines, and the exit status is 78. Relative paths are seen from "
        + "the file's folder.",
      "Some keys can be overridden by a variable: BIZCLOCK_DATABASE, BIZCLOCK_STATE_DIRECTORY, "
        + "BIZCLOCK_HTTP_LISTEN, BIZCLOCK_HTTP_TOKENS, BIZCLOCK_POLICY, BIZCLOCK_ALERTS_RETROSPECTIVE_AFTER, "
        + "BIZCLOCK_ALERTS_SHOW_INDIVIDUAL_NAMES. libpq's own variables (PGHOST, PGPASSFILE and so on) fill what a "
        + "conninfo leaves out. ${CREDENTIALS_DIRECTORY} in database and tokens stands for systemd's folder of "
        + "credentials. What a variable overrides is not looked up there; tokens are read by run alone, and a feed's "
        + "database by run and by feed check of that feed.",
      "SIGHUP (systemctl reload bizclock) has a running daemon read it anew. Feeds that were added, changed or removed "
        + "are taken over, and alerts.retrospective_after, retention and what is in the file of http.tokens; a file in hand is "
        + "read to its end first. database, state_directory and http hold after a restart, alerts.show_individual_names after bizclock migrate; the log "
        + "says so. With faults nothing is taken over: the log and systemctl status name them.",
    ],
    sections: [
      Section(
        path: "", about: "",
        keys: [
          (
            "database",
            "a libpq conninfo; or the whole path of a file that holds one, such as ${CREDENTIALS_DIRECTORY}/database, "
              + "so that a password is nowhere else; or private: a cluster of bizclock's own in the state directory, "
              + "without TCP. Must be given, so that a slip never starts a second database"
          ),
          (
            "state_directory",
            "where a private cluster lies, and what must survive a restart without the database; each daemon has its "
              + "own. /var/lib/bizclock if left out"
          ),
          ("feeds", "where events come from; a list, see below"),
          ("alerts", "how overruns are told; see below"),
          ("retention", "how long what has been dealt with is kept; see below"),
          ("policy", "the draft of the policy; policy.yaml beside this file if it is there, else the shipped one"),
          ("http", "the HTTP interface for events, cases, health, readiness and metrics; see below"),
        ]),
      Section(
        path: "feeds[]", about: "Each feed has a name of its own.",
        keys: [
          ("name", "letters, digits, - and _; what commands and views call it"),
          ("source", "what its events are known by; part of their identity, so keep it when the feed is renamed"),
          (
            "kind",
            "spool: files in a directory; http: posted to /v1/events, as lines of JSON or as CloudEvents, with a token "
              + "made for the feed; exchange: a front-end exchange database (前置库), a second PostgreSQL whose tables "
              + "up_pro_accept, up_pro_process, up_pro_result and up_pro_special_procedure are polled; its role needs "
              + "SELECT on them and no more. /usr/share/doc/bizclock/examples/exchange has one to try"
          ),
          (
            "directory",
            "of a spool: where files are put; each feed has its own: one that leads to another's, or to its done/, is refused. What is read moves to done/ in it. Outside "
              + "/var/spool/bizclock the unit needs a drop-in with ReadWritePaths="
          ),
          ("format", "of a spool: ndjson (the default) or csv"),
          (
            "encoding",
            "of CSV: auto (the default), utf-8, gb18030, utf-16le or utf-16be. auto follows a byte order mark; without one, "
              + "UTF-16 is told by its zero bytes, and UTF-8 from GB18030 (which holds GBK and GB 2312) by the first "
              + "line that only one of them explains"
          ),
          ("delimiter", "of CSV: \",\", \";\" or tab; found out if left out"),
          (
            "time_zone",
            "the zone of times without an offset, e.g. Asia/Shanghai; without it such times are refused"
          ),
          (
            "silence",
            "how long it may bring nothing before that is logged: 4 working_hours of office time, or plain time "
              + "such as 8h"
          ),
          ("keep", "names of further fields or columns to keep; all others are dropped"),
          (
            "mapping",
            "event fields and the columns they come from; and events, for rows that have a column for the time of "
              + "each; see below. bizclock feed check suggests one"
          ),
          ("defaults", "values of event fields that a row leaves out"),
          (
            "database",
            "of an exchange: its libpq conninfo, such as service=exchange, or the whole path of a file that holds one; "
              + "a password belongs in libpq's password file or in that file"
          ),
          ("schema", "of an exchange: the schema of its tables; public if left out"),
          (
            "open_if_equal", "of an exchange: an end time equal to the start means not ended yet; false if left out"
          ),
          ("poll", "of an exchange: the time between two readings; 30s if left out"),
          (
            "overlap",
            "of an exchange: how far behind what was read last each reading begins; longer than any transaction of "
              + "those who write there. 10m if left out"
          ),
          (
            "compare_at",
            "of an exchange: the time of day, in the feed's zone, from which all rows are compared with what they said, "
              + "so that those are found that were written without a new cd_time; \"02:30\" if left out"
          ),
          ("tasks", "of an exchange: task codes (实施编码) and the processes they are; see below"),
          ("steps", "of an exchange: names of process steps (环节名称) and what they are; see below"),
          (
            "results",
            "of an exchange: values of result_type and the event types they are, e.g. { \"1\": completed }; a row with "
              + "another goes to quarantine"
          ),
        ]),
      Section(
        path: "feeds[].mapping.FIELD",
        about: "The name of a column; or a mapping, for columns whose values must be translated.",
        keys: [
          ("column", "the column's name"), ("values", "texts of the column and what they mean"),
          ("otherwise", "what every other text means; without it they are taken as they are"),
        ]),
      Section(
        path: "feeds[].tasks.CODE",
        about:
          "The name of a process; or a mapping. Cases of a task that is not here have no process and no clocks.",
        keys: [
          ("process", "the process, as the policy names it"),
          ("step", "the step that submitted and accepted are of"),
        ]),
      Section(
        path: "feeds[].steps.NAME",
        about:
          "The name of a step, which makes the row's two times step_started and step_completed; or a mapping. A step that "
          + "is not here has the name that it has there.",
        keys: [
          ("step", "the step of both events"), ("start", "the type of the event at event_start_time"),
          ("end", "the type of the event at event_end_time"),
        ]),
      Section(
        path: "feeds[].mapping.events[]",
        about:
          "For tables of one row a case, with a column for each time: the row is as many events as it has times, "
          + "all with the row's other fields. Where a cell is empty the event has not happened yet; the row may come "
          + "again with more times, and what was told before is known by its type, step and time. Of files only. Instead of the "
          + "fields event_id, type, occurred_at, voids and extend_days.",
        keys: [
          ("type", "the event's type"), ("step", "its step; the row's if left out"),
          ("occurred_at", "the column of its time"),
        ]),
      Section(
        path: "alerts", about: "",
        keys: [
          (
            "retrospective_after",
            "a level older than this when its case became known is history and pages nobody; 24h if left out"
          ),
          (
            "show_individual_names",
            "whether views show names of others than enterprises and cooperatives: natural persons; false if left out"
          ),
        ]),
      Section(
        path: "retention",
        about:
          "What is left out is kept for ever. Written 90 days or 5 years; looked at once a day. Quarantine and "
          + "done/ hold input as it came, with names and numbers of persons: how long it may be kept is a matter of law.",
        keys: [
          (
            "quarantine",
            "quarantine entries that were retried or discarded so long ago are deleted; open ones never are"
          ),
          ("done", "files that came into the done/ of a spool so long ago are deleted"),
        ]),
      Section(
        path: "http", about: "",
        keys: [
          (
            "listen",
            "address or name, and port; an IPv6 address in brackets, [::]:8347 for all addresses of the machine. "
              + "127.0.0.1:8347 if left out. While it cannot be had, the log says so, and it is tried again. The unit lets nobody in "
              + "from elsewhere without a drop-in with IPAddressAllow="
          ),
          (
            "tokens",
            "the file with the tokens of those who may post events, read cases or read /metrics, closed to others, e.g. "
              + "/var/lib/bizclock/tokens; lines are made by: bizclock token. Without it nobody may; /healthz and "
              + "/readyz need none. Of a file in ${CREDENTIALS_DIRECTORY} a change takes a restart: systemd copies it at "
              + "the start alone"
          ),
          (
            "body_limit",
            "most bytes of a posted body, decompressed: 64 KiB to 16 MiB, 4 MiB if left out; a larger one is answered "
              + "with 413"
          ),
          ("body_time", "how long a posted body may take to come: 1s to 5m, 30s if left out"),
        ]),
    ],
    example: """
      database: "host=/run/postgresql dbname=bizclock"
      feeds:
        - name: e-registration
          source: hn-ereg
          kind: spool
          directory: /var/spool/bizclock/e-registration
          silence: 4 working_hours
        - name: office-csv
          source: office
          kind: spool
          directory: /var/spool/bizclock/office
          format: csv
          time_zone: Asia/Shanghai
          mapping:
            case_id: 办件编号
            occurred_at: 时间
            type: { column: 环节, values: { 受理: accepted, 办结: completed }, otherwise: step_completed }
            step: { column: 环节, values: { 营业执照: licence, 公章: seal, 税务发票: tax } }
          defaults: { process: opening }
        - name: office-cases
          source: office
          kind: spool
          directory: /var/spool/bizclock/office-cases
          format: csv
          time_zone: Asia/Shanghai
          mapping:
            case_id: 办件编号
            events:
              - { type: submitted, occurred_at: 申请时间 }
              - { type: accepted, occurred_at: 受理时间 }
              - { type: completed, occurred_at: 办结时间 }
          defaults: { process: opening }
        - name: hall
          source: hall
          kind: http
        - name: exchange
          source: hn-exchange
          kind: exchange
          database: "service=exchange"
          time_zone: Asia/Shanghai
          open_if_equal: true
          tasks: { "11469005MB1A00001": opening, "11469005MB1A00002": deregistration }
          steps: { 营业执照: licence, 补正: { start: correction_requested, end: correction_received } }
          results: { "1": completed, "2": rejected, "3": withdrawn }
          mapping: { region: region, extend_days: extend_days }
      """)

  /// The policy draft.
  public static let policy = SettingsGuide(
    name: "bizclock-policy", summary: "promises of service time and the calendars that count them",
    about: [
      "A policy file, in YAML, is a draft: what is in force lives in the database. bizclock policy check says what is "
        + "wrong with one, with line numbers; bizclock policy apply puts its promises and calendars in force, bizclock "
        + "calendar apply its calendars alone, in one transaction, and every version is kept.",
      "Limits are written 2 working_days, 7 calendar_days or 1h30m working_hours; plain time 8h, 1h30m, 90s; dates "
        + "2026-09-18; instants 2026-09-18T10:00:00+08:00. An event is named by its type, or as type:step, "
        + "or as { type: …, step: … } where a type holds a colon.",
    ],
    sections: [
      Section(
        path: "", about: "",
        keys: [
          ("calendars", "which days are worked, and the office hours; a list, see below"),
          ("commitments", "the promises; a list, see below"),
          (
            "regions",
            "files with names of regions, CSV with the columns code,name,name_en; codes of 2, 4, 6, 9 or 12 digits. "
              + "cn-46.csv (Hainan) comes with the program, and is meant if the key is left out"
          ),
          ("report_tags", "tags of cases that reports tell apart; a case is reported under the first that it has"),
        ]),
      Section(
        path: "calendars[]", about: "A calendar with a base is a layer: what it leaves out it takes from its base.",
        keys: [
          ("id", "its name"), ("base", "the calendar below it"),
          (
            "regions",
            "of a layer: prefixes of region codes; cases of these regions are counted by it wherever a commitment "
              + "names its base"
          ),
          ("time_zone", "its zone, e.g. Asia/Shanghai"), ("week", "the days worked in a plain week, e.g. mon-fri"),
          ("hours", "office hours, e.g. [\"08:30-12:00\", \"14:30-17:30\"]"),
          ("days", "days that differ from the plain week: files of them, or single ones; see below"),
          ("published_from", "the first day for which it is published; the first of its days if left out"),
          (
            "published_until",
            "the last day for which it is published; due times past it are provisional. A layer is published no longer "
              + "than its base"
          ),
          (
            "fixed_holidays",
            "holidays of every year, assumed where it is not published, as 01-01; China's if left out. Only a calendar "
              + "with [] and without days needs no published_until"
          ),
          ("closures", "local closures by time (typhoon 停工); see below"),
        ]),
      Section(
        path: "calendars[].days[]", about: "Also the columns of a file of days, CSV with these in its first line.",
        keys: [
          ("date", "the date"), ("kind", "holiday, or makeup_workday: worked instead (调休)"),
          ("name", "what people call it, e.g. 国庆节"), ("hours", "office hours of this day alone"),
        ]),
      Section(
        path: "calendars[].closures[]", about: "",
        keys: [
          ("from", "when it begins"), ("to", "when it ends; without it while it lasts"),
          ("name", "what people call it"),
        ]),
      Section(
        path: "commitments[]", about: "",
        keys: [
          ("id", "its name; clocks, views and alerts call it so"),
          ("kind", "time (the default), or share; a share has other keys, see below"),
          ("process", "the process whose cases it is about"), ("title", "titles by language: { en: …, zh: … }"),
          ("applies_to", "only cases of which all that is named here holds; see below"),
          ("excludes", "not cases of which all that is named here holds; what is not known does not exclude"),
          ("start", "events that start the clock; the day of the start is not counted (Civil Code art. 201)"),
          ("stop", "events that stop it"), ("cancel", "events that end it without a verdict"),
          (
            "pause",
            "pairs of an event that pauses it and one that lets it run on, e.g. [[suspended, resumed]] "
              + "(Administrative Licensing Law art. 32 and 45)"
          ),
          (
            "reopen",
            "types of its own stop after which reopened lets it run on; completed and rejected if left out, none "
              + "where a version has a floor"
          ),
          ("calendar", "the calendar that counts it"),
          ("versions", "its rules by date; a list, see below. The one in force on the day of the start judges"),
          ("levels", "named instants at which it is told: { yellow: …, red: … }; see below"),
        ]),
      Section(
        path: "commitments[].start[]",
        about: "Also stop, cancel, pause and population: an event, where type or type:step does not say it.",
        keys: [
          ("type", "its type, which may hold a colon"), ("step", "its step; whatever the step if left out"),
        ]),
      Section(
        path: "commitments[].versions[]", about: "",
        keys: [
          ("from", "the first date on which it is in force"), ("limit", "the promised limit"),
          ("legal_limit", "the limit set by law, for the compression rate (承诺时限压缩率)"),
          ("floor", "the least that must have run: an earlier stop is premature"),
          ("day_end", "when a day ends: close (of business, the default) or midnight (Civil Code art. 203)"),
          (
            "roll_forward", "true: a last day that is not worked moves to the next worked one (Civil Code art. 203)"
          ),
          ("start_rule", "as_is (the default); next_working_day: counted from it after hours and on rest days"),
          ("closures", "what a local closure does: pause (the default) or count"),
          ("grace", "plain time added to the due time"), ("basis", "the document that the promise rests on"),
        ]),
      Section(
        path: "commitments[].levels.NAME", about: "",
        keys: [
          (
            "at",
            "due; days or office hours before or after it in the limit's unit, as -1 working_days; plain time, as "
              + "-4h; or a share of the office time from start to due, as 90%"
          ),
          ("priority", "how loudly the log says it: emergency alert critical error warning notice info debug"),
          (
            "notify",
            "whom it is for: window, community, town or city; its lines and view rows carry the region of that height"
          ),
        ]),
      Section(
        path: "commitments[].applies_to", about: "Also excludes and counted. Of each list one must match.",
        keys: [
          ("region", "prefixes of region codes"), ("entity_type", "enterprise, individual, cooperative"),
          ("channel", "channels"), ("tags", "tags"),
        ]),
      Section(
        path: "commitments[] of kind share", about: "",
        keys: [
          ("id", "its name"), ("kind", "share"), ("process", "the process whose cases it is about"),
          ("title", "titles by language"), ("population", "the events of which it is a share"),
          ("counted", "which of them count, each by its own channel"),
          ("target", "the least share, e.g. 0.90"), ("period", "month, quarter or year"),
        ]),
    ],
    example: """
      calendars:
        - id: cn
          time_zone: Asia/Shanghai
          week: mon-fri
          hours: ["08:30-12:00", "14:30-17:30"]
          days: [cn.csv]
          published_until: 2026-12-28
      commitments:
        - id: opening
          process: opening
          title: { en: Business opening, zh: 企业开办 }
          start: [accepted]
          stop: [completed, rejected]
          cancel: [withdrawn]
          pause: [[correction_requested, correction_received], [suspended, resumed]]
          calendar: cn
          versions:
            - { from: 2018-01-01, limit: 5 working_days }
            - { from: 2019-01-01, limit: 2 working_days, legal_limit: 5 working_days }
          levels:
            yellow: { at: -1 working_days, priority: warning }
            red: { at: due, priority: error }
      """)
}
