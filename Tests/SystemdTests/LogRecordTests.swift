import Logging
import Testing

@testable import Systemd

@Suite("Log entries as journal fields")
struct JournalFieldTests {
  @Test(
    "A metadata key becomes a field name that the journal accepts",
    arguments: [
      ("PROGRESS_KEY", "PROGRESS_KEY"),
      ("HTTP_STATUS", "HTTP_STATUS"),
      ("MESSAGE_ID", "MESSAGE_ID"),
      ("status", "STATUS"),
      ("hb.request.id", "HB_REQUEST_ID"),
      ("ahc-request-id", "AHC_REQUEST_ID"),
      ("é", "META_"),
      ("größe", "GR____E"),
      ("_PID", "PID"),
      ("__", "META_"),
      ("", "META_"),
      ("1st", "META_1ST"),
      ("message", "META_MESSAGE"),
      ("_priority", "META_PRIORITY"),
      ("a=b\nc", "A_B_C"),
      (String(repeating: "k", count: 70), String(repeating: "K", count: 64)),
      (String(repeating: "1", count: 70), "META_" + String(repeating: "1", count: 59)),
    ])
  func names(key: String, name: String) {
    #expect(LogRecord.journalName(of: key) == name)
  }

  @Test(
    "A level becomes the priority that journalctl -p knows",
    arguments: zip(Logger.Level.allCases, [7, 7, 6, 5, 4, 3, 2]))
  func priorities(level: Logger.Level, priority: Int) {
    #expect(record(level: level).journalFields(identifier: "x")[1] == Array("PRIORITY=\(priority)".utf8))
  }

  @Test("An entry has its message, its place in the source and each metadata entry as fields")
  func fields() {
    let record = record(
      "✅ Synced: complete-p1-1-3", context: ["PROGRESS_PROGRAM": "p1", "PROGRESS_ATTEMPT": "1"],
      metadata: ["PROGRESS_ATTEMPT": .stringConvertible(2), "note": "two\nlines=\u{0}"])
    let fields = record.journalFields(identifier: "progress-syncd").map { String(decoding: $0, as: UTF8.self) }
    #expect(
      fields == [
        "MESSAGE=✅ Synced: complete-p1-1-3", "PRIORITY=6", "SYSLOG_IDENTIFIER=progress-syncd", "CODE_FILE=SyncDaemon/Turn.swift",
        "CODE_LINE=7", "CODE_FUNC=settle()", "PROGRESS_ATTEMPT=2", "PROGRESS_PROGRAM=p1", "NOTE=two\nlines=\u{0}",
      ])
  }

  private struct SomeFailure: Error {
    let call: String
    let number: Int
  }

  @Test("The error that a line is about is a field as well")
  func error() {
    let record = record(error: SomeFailure(call: "open", number: 13))
    let fields = record.journalFields(identifier: "x").map { String(decoding: $0, as: UTF8.self) }
    #expect(fields.last == #"ERROR=SomeFailure(call: "open", number: 13)"#)
  }
}

@Suite("Log entries as lines")
struct LogLineTests {
  @Test(
    "A line is one line, whatever a client put into it",
    arguments: [
      ("started", [:], "started"),
      ("✅ Synced: complete-p1-1-3", ["PROGRESS_KEY": "complete-p1-1-3"], "✅ Synced: complete-p1-1-3"),
      ("sorted", ["b": "2", "a": "1"], "sorted a=1 b=2"),
      ("forged\n15:30:01 error disk full", [:], #"forged\n15:30:01 error disk full"#),
      ("value", ["a": "x\n15:30:01 error"], #"value a="x\n15:30:01 error""#),
      ("key", ["a\nb": "1"], #"key a\nb=1"#),
      ("quotes", ["a": #"say "hi" \o/"#], #"quotes a="say \"hi\" \\o/""#),
      ("empty", ["a": ""], #"empty a="""#),
      ("terminal \u{1b}[2J\u{7}\u{9b}", [:], #"terminal \u{1B}[2J\u{07}\u{009B}"#),
      ("direction \u{202e}cod.exe", [:], #"direction \u{202E}cod.exe"#),
      ("crlf\r\n", [:], #"crlf\r\n"#),
      ("list", ["a": ["1", "2"]], #"list a="[\"1\", \"2\"]""#),
    ] as [(String, Logger.Metadata, String)])
  func lines(message: String, metadata: Logger.Metadata, line: String) {
    #expect(record(message, metadata: metadata).line(time: "15:30:00", colored: false) == "15:30:00 info \(line)\n")
  }

  @Test(
    "Colour is for the level alone, and only for one that stands out",
    arguments: [
      (.debug, "t \u{1b}[2mdebug\u{1b}[0m m\n"), (.info, "t info m\n"), (.notice, "t notice m\n"),
      (.warning, "t \u{1b}[33mwarning\u{1b}[0m m\n"), (.error, "t \u{1b}[31merror\u{1b}[0m m\n"),
    ] as [(Logger.Level, String)])
  func colors(level: Logger.Level, line: String) {
    #expect(record("m", level: level).line(time: "t", colored: true) == line)
  }
}

private func record(
  _ message: String = "m", level: Logger.Level = .info, error: (any Error)? = nil, context: Logger.Metadata = [:],
  metadata: Logger.Metadata? = nil
) -> LogRecord {
  LogRecord(
    LogEvent(
      level: level, message: "\(message)", error: error, metadata: metadata, source: nil, file: "SyncDaemon/Turn.swift",
      function: "settle()", line: 7),
    context: context)
}
