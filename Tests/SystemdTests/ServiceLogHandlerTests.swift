import Glibc
import Logging
import SystemPackage
import Testing

@testable import Systemd

@Suite("The log of a service")
struct ServiceLogHandlerTests {
  @Test("An entry is written as one line with its time, and entries below the level are not")
  func lines() throws {
    let pipe = try Pipe()
    let logger = Logger(label: "test") { _ in
      ServiceLogHandler(destination: .lines(colored: false), threshold: LogThreshold(.info), descriptor: pipe.writing)
    }
    logger.debug("hidden")
    logger.warning("🔄 Retrying", metadata: ["PROGRESS_ATTEMPT": "1", "attempt": "1"])
    let text = pipe.read()
    #expect(text.wholeMatch(of: /\d\d:\d\d:\d\d warning 🔄 Retrying attempt=1\n/) != nil, "\(text)")
  }

  @Test("The level can be changed for all loggers at once, and set for one alone")
  func levels() throws {
    let pipe = try Pipe()
    let threshold = LogThreshold(.error)
    let handler = ServiceLogHandler(destination: .lines(colored: false), threshold: threshold, descriptor: pipe.writing)
    let first = Logger(label: "first") { _ in handler }
    var second = Logger(label: "second") { _ in handler }
    second.logLevel = .critical
    threshold.level = .debug
    #expect(first.logLevel == .debug)
    #expect(second.logLevel == .critical)
    first.debug("seen")
    second.error("hidden")
    #expect(pipe.read().hasSuffix(" debug seen\n"))
  }

  @Test("A logger's own metadata and the provider's are in every entry, the entry's first")
  func metadata() throws {
    let pipe = try Pipe()
    let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] }
    var logger = Logger(label: "test") { _ in
      ServiceLogHandler(
        destination: .lines(colored: false), threshold: LogThreshold(.info), metadataProvider: provider, descriptor: pipe.writing)
    }
    logger[metadataKey: "a"] = "logger"
    logger[metadataKey: "d"] = "logger"
    logger.info("m", metadata: ["c": "entry"])
    #expect(pipe.read().hasSuffix(" info m a=provider b=provider c=entry d=logger\n"))
  }

  @Test(
    "Without a journal an entry meant for it becomes a line",
    .enabled("this machine has a journal, and the entry would go there") { access("/run/systemd/journal/socket", F_OK) != 0 })
  func fallback() throws {
    let pipe = try Pipe()
    let logger = Logger(label: "test") { _ in
      ServiceLogHandler(destination: .journal(identifier: "test"), threshold: LogThreshold(.info), descriptor: pipe.writing)
    }
    logger.info("kept")
    #expect(pipe.read().hasSuffix(" info kept\n"))
  }
}

@Suite("Where the log goes")
struct LogDestinationTests {
  @Test("It goes to the journal when standard error is the journal's socket")
  func journal() throws {
    let pipe = try Pipe()
    let environment = ["JOURNAL_STREAM": pipe.deviceAndInode]
    #expect(LogDestination(identifier: "x", environment: environment, descriptor: pipe.writing) == .journal(identifier: "x"))
  }

  @Test("It goes to standard error when that is redirected, or no journal is named", arguments: ["1:2", "", "nonsense", nil])
  func redirected(stream: String?) throws {
    let pipe = try Pipe()
    let environment = stream.map { ["JOURNAL_STREAM": $0] } ?? [:]
    #expect(LogDestination(identifier: "x", environment: environment, descriptor: pipe.writing) == .lines(colored: false))
  }

  @Test(
    "Only a terminal gets colour, and not one whose owner declined",
    arguments: [
      ([:], true), (["TERM": "xterm"], true), (["NO_COLOR": ""], true), (["NO_COLOR": "1"], false), (["TERM": "dumb"], false),
    ] as [([String: String], Bool)])
  func colors(environment: [String: String], colored: Bool) throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(terminal >= 0)
    defer { close(terminal) }
    #expect(LogDestination(identifier: "x", environment: environment, descriptor: terminal) == .lines(colored: colored))
  }
}

/// A pipe in place of standard error.
private final class Pipe: Sendable {
  private let reading: CInt
  let writing: CInt

  init() throws {
    var ends: [CInt] = [0, 0]
    guard pipe(&ends) == 0, fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 else { throw Errno(rawValue: errno) }
    (reading, writing) = (ends[0], ends[1])
  }

  deinit {
    close(reading)
    close(writing)
  }

  /// What has been written so far.
  func read() -> String {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = Glibc.read(reading, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  /// The pipe as `JOURNAL_STREAM` would name it.
  var deviceAndInode: String {
    var status = stat()
    fstat(writing, &status)
    return "\(status.st_dev):\(status.st_ino)"
  }
}
